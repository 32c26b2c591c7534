"""Remote write 1.0 to any receiver: requests in order, tried again where that may help, counted whatever happens.

Source: https://prometheus.io/docs/specs/prw/remote_write_spec/
"""
