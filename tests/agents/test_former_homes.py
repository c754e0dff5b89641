"""Import paths that the README named before agents/ had folders."""

from agents.internal_actions import COMMIT, H, InternalActions, L
from agents.vec_env import SB3VecEnv


def test_former_homes_lead_to_the_same_objects() -> None:
    import agents
    import air_envs.sb3
    from agents.thinking import internal_actions

    assert InternalActions is agents.InternalActions is internal_actions.InternalActions
    assert (L, H, COMMIT) == (0, 1, 2)
    assert SB3VecEnv is air_envs.sb3.SB3VecEnv
