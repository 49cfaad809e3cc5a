#!/bin/sh
# Prints 1 where no test may be skipped: as root on Debian, where everything that is needed can be installed.
if [ "$(id -u)" = 0 ] && [ -f /etc/debian_version ]; then echo 1; fi
