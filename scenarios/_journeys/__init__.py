"""What members do, one kind of member a file. Each journey is one session: a few steps, each about what the last one
gave. How often which journey is chosen is the profile's (`load.journeys`)."""

from ._buyer import Buying
from ._lurker import Lurking
from ._moderator import Moderating
from ._newcomer import Arriving
from ._poster import Posting
from ._searcher import Searching
from ._uploader import Uploading

__all__ = ["Arriving", "Buying", "Lurking", "Moderating", "Posting", "Searching", "Uploading"]
