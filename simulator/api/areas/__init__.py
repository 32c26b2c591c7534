"""The handlers of the API, one file per area; `simulator.api.endpoints` has the table of them all."""
