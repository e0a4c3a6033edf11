# common.sh - what quickstart and test share: packages, the Python environment, configure, build. Sourced, not run.
#
# Everything is idempotent and checks before it acts, so a second run costs about a second.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=${CAMEO_BUILD:-$root/build} # another place for experiments; everything below follows it
python=$build/venv/bin/python
jobs=$(nproc)

# What a script says at its top, where that is asked for.
helpWanted() {
  case "${1:-}" in -h | --help) sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$0"; exit ;; esac
}

say() { printf '\033[1m%s\033[0m\n' "$*"; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

asRoot() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else die "installing packages needs root or sudo; missing: ${missing[*]}"; fi
}

# Installs those packages of tools/dev/packages which are not there yet.
installPackages() {
  local wanted installed
  wanted=$(sed 's/#.*//' "$root/tools/dev/packages" | xargs -n1 | sort -u)
  installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' 2>/dev/null | sed -n 's/^installed //p' | sort -u)
  mapfile -t missing < <(comm -23 <(echo "$wanted") <(echo "$installed"))
  [ ${#missing[@]} -eq 0 ] && return
  say "Installing ${#missing[@]} packages: ${missing[*]}"
  asRoot apt-get update -q
  asRoot env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
}

# Makes build/venv with the pinned packages; again only when the list has changed.
makeVenv() {
  local stamp=$build/venv/requirements.stamp
  cmp -s "$root/tools/dev/requirements.txt" "$stamp" && return
  say "Making the Python environment build/venv"
  mkdir -p "$build"
  /usr/bin/python3 -m venv "$build/venv"
  "$python" -m pip install --quiet --disable-pip-version-check -r "$root/tools/dev/requirements.txt"
  cp "$root/tools/dev/requirements.txt" "$stamp"
}

# Configures build/ when that has not been done or the presets have changed; ninja sees every other change itself.
configure() {
  [ -f "$build/build.ninja" ] && [ "$build/build.ninja" -nt "$root/CMakePresets.json" ] && return
  say "Configuring build/"
  (cd "$root" && cmake --preset default -B "$build" -DCAMEO_PYTHON="$python" >"$build/configure.log" 2>&1) || { cat "$build/configure.log" >&2; die "configuring failed"; }
}

# buildTargets [TARGET...]: everything when none is named.
buildTargets() {
  NINJA_STATUS='[%f/%t %es] ' ninja -C "$build" -j "$jobs" "$@"
}
