#!/bin/sh
# firmware-config/inputs.sh [--lock | --check] FOLDER: brings packages and wheels into FOLDER, exactly those that are locked.
#
# Threat: an input that was swapped, at the mirror or on the way. Every package stands in image/packages.lock (name,
# version, sha256), every wheel in image/wheels.lock (file, sha256); what differs is refused before it is unpacked. Where
# packages come from is the business of this machine's apt and pip; nothing of that is written here or into the image.
# --lock writes both files anew from what the lists resolve to today; --check fetches nothing and only compares.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
project=$(dirname -- "$here")
mode=fetch
case ${1:-} in --lock | --check) mode=${1#--} && shift ;; esac
folder=${1:?usage: firmware-config/inputs.sh [--lock | --check] FOLDER}
export LC_ALL=C.UTF-8
mkdir -p "$folder/debs" "$folder/wheels"
folder=$(CDPATH='' cd -- "$folder" && pwd)

die() {
    printf 'inputs: %s\n' "$1" >&2
    exit 1
}
names() { grep -v '^#' "$1"; }

# What apt would install into an empty machine: name=version, a line each.
resolve() {
    empty=$(mktemp -d)
    mkdir -p "$empty/archives/partial" && : >"$empty/status"
    # shellcheck disable=SC2046 # lists of names
    apt-get -o Dir::State::status="$empty/status" -o Dir::Cache::archives="$empty/archives" \
        -o APT::Install-Recommends=false --simulate install $(names "$here/image/packages.list") |
        sed -n 's/^Inst \([^ ]*\) (\([^ ]*\) .*/\1=\2/p'
    # shellcheck disable=SC2046
    apt-cache show --no-all-versions $(names "$here/image/boot.list") |
        sed -n -e 's/^Package: //p' -e 's/^Version: /=/p' | paste -d '\0' - -
    rm -r "$empty"
}

# "name version sha256" of every package here.
packages() {
    for file in "$folder"/debs/*.deb; do
        printf '%s %s\n' "$(dpkg-deb --show --showformat='${Package} ${Version}' "$file")" \
            "$(sha256sum <"$file" | cut -d ' ' -f 1)"
    done | sort
}
wheels() { (cd "$folder/wheels" && sha256sum -- *.whl | sed 's/^\([^ ]*\)  \(.*\)/\2 \1/' | sort); }

# Refuses what is here and not locked, and what is locked and not here.
compare() {
    "$1" >"$folder/$1.here"
    diff "$here/image/$1.lock" "$folder/$1.here" >&2 ||
        die "the $1 differ from image/$1.lock (<: locked, >: here); nothing is built from them"
}

fetch_packages() {
    wanted=$1
    (
        cd "$folder/debs"
        # What lies here already and is locked is not fetched again; all else goes.
        for file in *.deb; do
            [ -e "$file" ] || continue
            grep -qxF "$(dpkg-deb --show --showformat='${Package}=${Version}' "$file")" "$wanted" || rm -- "$file"
        done
        for one in $(cat "$wanted"); do
            ls -- *.deb 2>/dev/null | grep -qF "${one%%=*}_$(echo "${one#*=}" | sed 's/:/%3a/')_" || echo "$one"
        done >"$folder/missing"
        # shellcheck disable=SC2046
        [ ! -s "$folder/missing" ] || apt-get -qq -o APT::Sandbox::User=root download $(cat "$folder/missing")
    ) || die "apt-get could not download every package; if a locked version is gone, lock anew and read the difference"
}

fetch_wheels() {
    names "$here/image/wheels.without" | sed 's/.*/^&==/' >"$folder/without"
    # A requirement is its line and the lines of hashes under it.
    awk -v without="$folder/without" '
        BEGIN { while ((getline line < without) > 0) left[++n] = line }
        /^[^ ]/ { keep = 1; for (i = 1; i <= n; i++) if ($0 ~ left[i]) keep = 0 }
        keep' "$project/requirements/runtime.lock" >"$folder/requirements"
    "$project/.venv/bin/python" -m pip download --quiet --disable-pip-version-check --require-hashes --no-deps \
        --only-binary :all: --implementation cp --python-version 3.11 --abi cp311 --abi abi3 --abi none \
        --platform manylinux_2_34_x86_64 --platform manylinux_2_28_x86_64 --platform manylinux_2_17_x86_64 \
        --platform manylinux2014_x86_64 --platform manylinux_2_5_x86_64 --platform manylinux1_x86_64 --platform any \
        --dest "$folder/wheels" -r "$folder/requirements" 2>"$folder/pip.log" || {
        tail -n 20 "$folder/pip.log" >&2
        die "pip could not download every wheel, each with the hash that is locked"
    }
}

case $mode in
lock) resolve | sort -u >"$folder/wanted" ;;
fetch) sed 's/^\([^ ]*\) \([^ ]*\) .*/\1=\2/' "$here/image/packages.lock" >"$folder/wanted" ;;
esac
if [ "$mode" != check ]; then
    [ -x "$project/.venv/bin/python" ] || die "run script/setup test first"
    fetch_packages "$folder/wanted"
    fetch_wheels
fi
if [ "$mode" = lock ]; then
    packages >"$here/image/packages.lock"
    wheels >"$here/image/wheels.lock"
fi
compare packages
compare wheels
printf 'inputs: %s packages, %s wheels, all as locked\n' "$(wc -l <"$folder/packages.here")" "$(wc -l <"$folder/wheels.here")"
