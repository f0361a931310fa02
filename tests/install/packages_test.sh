#!/usr/bin/env bash
# Makes the packages and runs the main job from them where neither the sources, nor the build, nor the cache can be
# seen: from the archive unpacked in an empty folder, from the Debian package unpacked, and from the Debian package
# installed into a copy of this machine that is thrown away.
#   packages_test.sh BUILD SOURCE
# Exit 77, skipped: this machine has no Debian tools, or does not allow name spaces.
set -euo pipefail

build=$1 source=$2
for tool in dpkg-deb dpkg-shlibdeps; do
  command -v $tool > /dev/null || { echo "no $tool"; exit 77; }
done
# Root as a rule has them; others where the kernel lets them.
apart=(unshare --mount)
[ "$(id -u)" -eq 0 ] || apart=(unshare --mount --map-root-user)
"${apart[@]}" true 2> /dev/null || { echo 'no name spaces'; exit 77; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$work" && cpack --config "$build/CPackConfig.cmake" -B "$work/packages" > cpack.log) || { cat "$work/cpack.log"; exit 1; }

fail() { echo "$*" >&2; exit 1; }
packages=$work/packages
archive=("$packages"/sextant-*-linux-*[0-9].tar.gz)
debian=("$packages"/sextant_*.deb)
development=("$packages"/sextant-dev_*.deb)
mkdir "$work"/{archive,debian}
tar -xzf "${archive[0]}" -C "$work/archive" --strip-components 1
dpkg-deb -x "${debian[0]}" "$work/debian"
dpkg-deb -x "${development[0]}" "$work/debian"

expected=$("$build/bin/sextant" plan --cluster "$source/profiles/clusters/two-types.json" \
  --job "$source/profiles/jobs/opt-350m.json" | grep -o '^[0-9.]* iterations/s')

# Run in their own view of the machine, with arguments of their own.
# shellcheck disable=SC2016
readonly HIDE='for folder in "$build" "$source" "$cache"; do
    if [ -d "$root$folder" ]; then mount -t tmpfs none "$root$folder"; fi
  done
  [ ! -e "$root$source/CMakeLists.txt" ]'
# shellcheck disable=SC2016
readonly PLAN='cd /
  env -i PATH=/usr/bin:/bin "$1/bin/sextant" plan --cluster "$1/share/sextant/profiles/clusters/two-types.json" \
    --job "$1/share/sextant/profiles/jobs/opt-350m.json"'
# shellcheck disable=SC2016
readonly INSTALL_AND_PLAN='mount -t tmpfs none "$1"
  mkdir "$1"/upper "$1"/work "$1"/root
  mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root" || exit 77
  mount -t proc proc "$1/root/proc" || exit 77
  root=$1/root
  cp "$2" "$root/sextant.deb"'"
  $HIDE
  "'chroot "$root" dpkg -i /sextant.deb > /dev/null
  chroot "$root" bash -euc "$3" - /usr
  chroot "$root" dpkg -r sextant > /dev/null
  [ ! -e "$root/usr/bin/sextant" ]'
export build source cache=${SEXTANT_CACHE:-$HOME/.cache/sextant} root=

# plan PREFIX
plan() {
  "${apart[@]}" bash -euc "$HIDE; $PLAN" - "$1" > "$work/plan.txt" || fail "no plan from $1"
  grep -q "^$expected" "$work/plan.txt" || fail "another plan from $1"
  echo "plans from $1"
}

plan "$work/archive"
# Nothing but the C library is the machine's.
ldd "$work/archive/bin/sextant" | awk '/=>/ {print $1, $3}' > "$work/libraries.txt"
if grep -vE "$work/archive/|^(libc|libm|libdl|libpthread|librt)\.so" "$work/libraries.txt"; then
  fail 'the archive needs the libraries above from the machine'
fi

plan "$work/debian/usr"
for file in usr/share/man/man1/sextant-plan.1.gz usr/share/bash-completion/completions/sextant \
    usr/share/zsh/vendor-completions/_sextant usr/share/doc/sextant/copyright usr/share/doc/sextant-dev/copyright \
    usr/lib/cmake/Sextant/SextantConfig.cmake; do
  [ -s "$work/debian/$file" ] || fail "the Debian packages lack $file"
done
[ "$(dpkg-deb -f "${debian[0]}" Section)" = science ] || fail 'not in section science'
for library in libyaml-cpp libnlopt libstdc++6 libc6; do
  dpkg-deb -f "${debian[0]}" Depends | grep -q "$library" || fail "sextant does not depend on $library"
done
dpkg-deb -f "${development[0]}" Depends | grep -q '^sextant (= ' || fail 'sextant-dev does not depend on sextant'

# Installed: an overlay takes what is written.
mkdir "$work/machine"
status=0
"${apart[@]}" bash -euc "$INSTALL_AND_PLAN" - "$work/machine" "${debian[0]}" "$PLAN" > "$work/installed.txt" || status=$?
case $status in
  0) grep -q "^$expected" "$work/installed.txt" || fail 'another plan from the installed package'
     echo 'plans once installed' ;;
  77) echo 'not installed: no overlays here' ;;
  *) fail "the installed package does not plan: exit code $status" ;;
esac
