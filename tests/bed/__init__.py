"""The test bed: a mirrored LAN in network namespaces, telephones that really speak, stores, browsers. See design §8."""
