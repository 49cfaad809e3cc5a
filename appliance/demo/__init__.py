"""The whole box on sample calls, for whoever wants to see it first."""
