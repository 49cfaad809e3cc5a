#!/bin/sh
# Makes sure that these Debian packages are there: installs what is missing as root, says what is missing otherwise.
missing=""
for package in "$@"; do
    dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -q '^installed$' || missing="$missing $package"
done
[ -z "$missing" ] && exit 0
if ! command -v apt-get >/dev/null; then
    echo "This is no Debian. What is needed besides Python goes by these names there:$missing" >&2
    exit 0
fi
if [ "$(id -u)" != 0 ]; then
    echo "Missing Debian packages; what needs them is skipped and says so. As root: apt-get install$missing" >&2
    exit 0
fi
echo "Installing Debian packages:$missing"
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 - a list of words
apt-get install -y -qq --no-install-recommends $missing >/dev/null 2>&1 || {
    apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing >/dev/null
}
