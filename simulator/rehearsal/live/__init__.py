"""In real time: platform, load and the real servers, watched from outside; and a stack that just stands."""
