"""The past and the present to a receiver of remote write."""
