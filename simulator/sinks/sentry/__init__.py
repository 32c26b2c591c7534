"""Error events and transactions to Sentry, or to what takes envelopes as it does.

Source: https://develop.sentry.dev/sdk/foundations/transport/
"""
