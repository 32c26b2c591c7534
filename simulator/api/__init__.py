"""The reference API: a stand-in for CRYB's, honest about what it does."""
