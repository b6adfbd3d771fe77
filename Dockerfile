# class-sweep on one machine, installed from its wheel.
#   python -m hatchling build -t wheel
#   docker build -t class-sweep .
#   docker build -t class-sweep:cuda --build-arg TORCH_INDEX=https://pypi.org/simple .
#   docker run --rm --shm-size 4g -v "$PWD":/work class-sweep run space.yaml --out results/first
# With CUDA, add `--gpus all` to the last line. Give USER_ID=$(id -u) if your user id is not 1000.
ARG PYTHON=3.12
FROM python:${PYTHON}-slim-bookworm

ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
ARG USER_ID=1000

RUN useradd --no-log-init --create-home --uid "${USER_ID}" sweep \
    && mkdir /work \
    && chown sweep /work

COPY constraints.txt dist/class_sweep-*.whl /tmp/install/
RUN pip install --no-cache-dir --index-url "${TORCH_INDEX}" --extra-index-url https://pypi.org/simple \
        -c /tmp/install/constraints.txt torch \
    && pip install --no-cache-dir -c /tmp/install/constraints.txt /tmp/install/class_sweep-*.whl

USER ${USER_ID}
WORKDIR /work
ENTRYPOINT ["class-sweep"]
CMD ["--help"]
