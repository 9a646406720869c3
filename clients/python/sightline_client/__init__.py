# SPDX-License-Identifier: BSD-3-Clause
"""Client of Sightline, the self-hosted search engine for pictures and videos. Standard library only."""
from .client import Client, Collection
from .errors import Busy, Conflict, Forbidden, NotFound, SightlineError, Unauthorized, Unreachable
from .models import Answer, Hit, Intake, Item, Job, JobError, Moment, Timings

__all__ = ["Answer", "Busy", "Client", "Collection", "Conflict", "Forbidden", "Hit", "Intake", "Item", "Job", "JobError", "Moment", "NotFound",
           "SightlineError", "Timings", "Unauthorized", "Unreachable"]
__version__ = "0.1.0"
