# Sextant in /opt/sextant, with the scripts of launch/ in PATH. Scripts leave their results in output/, which is the
# volume /output; published inputs are looked for in /data.
#   docker build -t sextant .
#   docker run --rm -v "$PWD/output:/output" -v "$ARTIFACTS:/data:ro" sextant evaluate.sh small
# With the programs for GPUs, on an image of the CUDA Toolkit for Debian 12 or what is like it:
#   docker build -t sextant-full --build-arg BASE=IMAGE --build-arg FULL=--full .
ARG BASE=debian:12
FROM ${BASE}
ARG FULL=
COPY . /usr/src/sextant
RUN /usr/src/sextant/setup ${FULL} --prefix /opt/sextant && rm -rf /opt/sextant/var/cache/sextant/build
ENV PATH=/opt/sextant/bin:/opt/sextant/share/sextant/launch:/opt/sextant/share/sextant/launch/libra:/opt/sextant/share/sextant/launch/helix:/opt/sextant/share/sextant/launch/sailor/profiling:/opt/sextant/share/sextant/launch/sailor/networking:/opt/sextant/share/sextant/launch/sailor/clariden:/opt/sextant/share/sextant/launch/sailor/validation:/opt/sextant/share/sextant/launch/sailor/planner:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
ENV SEXTANT_DATA=/data
WORKDIR /
VOLUME /output
CMD ["sextant", "--help"]
