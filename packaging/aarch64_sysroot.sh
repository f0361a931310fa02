#!/usr/bin/env bash
# Puts what the CPU part links with, for aarch64, into a folder for preset aarch64: Debian's packages,
# unpacked and not installed, and HiGHS. Nothing else of the machine changes. It needs no root and is safe
# to run again: where the folder is there it does nothing.
#
#   packaging/aarch64_sysroot.sh      into $SEXTANT_CACHE/aarch64 (default ~/.cache/sextant/aarch64)
#
# The compiler is Debian's: apt-get install g++-aarch64-linux-gnu. With qemu-user-static as well the
# programs run.
set -euo pipefail

case ${1:-} in
  '') ;;
  -h | --help) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0"; exit 0 ;;
  *) echo "aarch64_sysroot: error: unknown argument '$1' (see --help)" >&2; exit 2 ;;
esac

repository=$(cd "$(dirname "$0")/.." && pwd)
sysroot=${SEXTANT_CACHE:-$HOME/.cache/sextant}/aarch64
packages=(nlohmann-json3-dev libcli11-dev libfmt-dev libceres-dev libeigen3-dev libnlopt-cxx-dev
          libyaml-cpp-dev libmetis-dev
          zlib1g)  # which HiGHS is linked with
highsbox=$(sed -n 's/.*HIGHSBOX=\([0-9.]*\).*/\1/p' "$repository/setup" | head -n 1)
# What is in the folder; another list makes it anew.
content="${packages[*]} highsbox-$highsbox"
if [ "$(cat "$sysroot/content" 2> /dev/null)" = "$content" ]; then
  echo "aarch64_sysroot: $sysroot: is there"
  exit
fi

echo "aarch64_sysroot: filling $sysroot"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{lists/partial,archives/partial,root}
: > "$work/status"
# An apt of its own, on which nothing is installed: it asks for the whole closure of the packages.
apt=(apt-get -qq -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o Dir::State::status="$work/status"
     -o Dir::State::lists="$work/lists" -o Dir::Cache="$work" -o Dir::Cache::archives="$work/archives"
     -o APT::Sandbox::User= -o Acquire::Languages=none)
"${apt[@]}" update
"${apt[@]}" install --yes --download-only --no-install-recommends "${packages[@]}" > /dev/null
for package in "$work"/archives/*.deb; do dpkg-deb -x "$package" "$work/root"; done
# One folder of libraries, as on an installed system.
if [ -d "$work/root/lib" ]; then cp -a "$work/root/lib/." "$work/root/usr/lib/"; fi

# Which BLAS and LAPACK are meant is settled when packages are installed: here by who brings one.
libraries=$work/root/usr/lib/aarch64-linux-gnu
for file in "$libraries"/{blas,lapack,atlas}/lib{blas,lapack}.so*; do
  link=$libraries/$(basename "$file")
  if [ -e "$file" ] && [ ! -e "$link" ]; then ln -s "$(realpath --relative-to="$libraries" "$file")" "$link"; fi
done

# Ceres names them by the paths that they would have.
sed -i "s|/usr/lib/aarch64-linux-gnu/lib|$sysroot&|g" "$libraries"/cmake/Ceres/CeresTargets*.cmake

# A wheel is an archive; another machine's cannot be installed.
if python3 -m venv "$work/venv" && "$work/venv/bin/python" -m pip download --quiet --no-deps -d "$work" \
    --platform manylinux2014_aarch64 --only-binary :all: "highsbox==$highsbox"; then
  python3 -m zipfile -e "$work"/highsbox-*.whl "$work/wheel"
  mkdir -p "$work/root/opt"
  mv "$work"/wheel/highsbox*.data/purelib/highsbox/highs_dist "$work/root/opt/highs"
else
  echo 'aarch64_sysroot: no HiGHS: planner milp will be off' >&2
  content='without HiGHS: to be tried again'
fi

echo "$content" > "$work/root/content"
rm -rf "$sysroot"
mkdir -p "$(dirname "$sysroot")"
mv "$work/root" "$sysroot"
echo "aarch64_sysroot: done"
