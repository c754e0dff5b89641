"""Observations in other forms, for learners that want them: the same wrappers for every family.

Each wraps a single environment; ``air_envs.wrappers.vector`` has the same names for vector environments.
"""

from air_envs.wrappers.planes import Planes
from air_envs.wrappers.single import ActionMaskObservation, FlatObservation, ImageObservation, OneHotObservation

__all__ = ["ActionMaskObservation", "FlatObservation", "ImageObservation", "OneHotObservation", "Planes"]
