# air-envs on a CPU. The default command is the demo: data, training, evaluation and pictures.
#
#   docker build --tag air-envs .
#   docker run --rm air-envs                                              # the demo
#   docker run --rm --volume "$PWD/demo:/home/air/demo" air-envs          # and its pictures stay in ./demo
#   docker run --rm air-envs air-envs models                              # any other command
FROM python:3.12-slim

# torch without CUDA's libraries; no window
ENV PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu \
    PIP_NO_CACHE_DIR=1 \
    PYTHONUNBUFFERED=1 \
    SDL_VIDEODRIVER=dummy \
    PYGAME_HIDE_SUPPORT_PROMPT=1

RUN useradd --create-home air
USER air
WORKDIR /home/air
ENV PATH=/home/air/env/bin:$PATH

COPY --chown=air pyproject.toml constraints.txt README.md LICENSE ./
COPY --chown=air puzzles ./puzzles
COPY --chown=air air_envs ./air_envs
COPY --chown=air agents ./agents
RUN python -m venv env && pip install --constraint constraints.txt --editable ".[agents]"
COPY --chown=air examples ./examples

CMD ["python", "-m", "examples.demo"]
