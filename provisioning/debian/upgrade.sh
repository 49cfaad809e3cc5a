#!/bin/sh
# appliance-upgrade PACKAGE.deb: installs another version, looks whether it works, and brings the present one back where it does not.
# The present version is packed again from the files that lie here, so that no copy of its package is needed. Recording goes on while
# files are replaced. The ledger is copied before: an older version cannot read what a newer one has changed.
set -u
[ $# = 1 ] && [ -f "$1" ] || { echo "usage: appliance-upgrade PACKAGE.deb" >&2; exit 2; }
new=$1 keep=/var/cache/appliance
data=/var/lib/appliance
say() { echo "appliance-upgrade: $*" >&2; }

pack() {  # the installed version as a package again
    tree=$keep/tree
    rm -rf "$tree" && mkdir -p "$tree/DEBIAN" || return 1
    dpkg-query -L appliance | while IFS= read -r name; do
        if [ -L "$name" ] || [ -f "$name" ]; then printf '%s\n' "${name#/}"; fi
    done > "$keep/files"
    (cd / && tar cf - --no-recursion -T "$keep/files") | tar xf - -C "$tree" || return 1
    dpkg-query -W -f 'Package: ${Package}\nVersion: ${Version}\nArchitecture: ${Architecture}\nMaintainer: ${Maintainer}\nDepends: ${Depends}\nDescription: ${Description}\n' \
        appliance > "$tree/DEBIAN/control"
    for script in preinst postinst prerm postrm; do
        cp "/var/lib/dpkg/info/appliance.$script" "$tree/DEBIAN/$script" || return 1
    done
    dpkg-deb --root-owner-group -Znone --build "$tree" "$keep/previous.deb" >/dev/null && rm -rf "$tree" "$keep/files"
}

works() {  # whether the installed version can do its work here
    dpkg-query -W -f '${db:Status-Status}' appliance | grep -q '^installed$' || return 1
    appliance config check --data "$data" >/dev/null || return 1
    appliance status --data "$data" >/dev/null || return 1
    [ -d /run/systemd/system ] || return 0
    end=$(($(date +%s) + 180))
    until all_active && sleep 5 && all_active; do  # twice, for one that dies and is started again is active now and then
        [ "$(date +%s)" -lt $end ] && ! dies || return 1
        sleep 1
    done
}

dies() {  # one of them was started again and again
    for name in render uploader janitor web; do
        [ "$(systemctl show -P NRestarts "appliance-$name")" -lt 5 ] || return 0
    done
    return 1
}

all_active() {  # systemctl is-active is content with one of several
    for name in render uploader janitor web; do
        systemctl is-active --quiet "appliance-$name" || return 1
    done
}

stop_all() { [ ! -d /run/systemd/system ] || systemctl stop 'appliance-*.service'; }

install -d -m 0700 "$keep"
before=$(dpkg-query -W -f '${Version}' appliance)
pack || { say "version $before cannot be packed; is the disk full? Nothing was changed"; exit 4; }
appliance provisioning copy-ledger "$keep/ledger.db" --data "$data" || { say "the ledger cannot be copied; nothing was changed"; exit 4; }
if dpkg --install --force-confold "$new" && works; then
    say "$before was replaced by $(dpkg-query -W -f '${Version}' appliance)"
    exit 0
fi
say "the new version does not work here; $before is brought back"
stop_all
# Laid down first, configured after: its own scripts look at the ledger, which the newer version may have changed.
dpkg --unpack --force-downgrade "$keep/previous.deb" >/dev/null || { say "that failed too: dpkg --install $keep/previous.deb"; exit 4; }
if ! appliance status --data "$data" >/dev/null 2>&1; then
    # What was recorded since lies in the folders, and is taken in from there.
    stop_all
    appliance provisioning copy-ledger "$data/ledger.db" --from "$keep/ledger.db" --data "$data" &&
        { appliance doctor --rebuild --data "$data" >/dev/null || true; }
fi
dpkg --configure --force-confold appliance >/dev/null || { say "that failed too: dpkg --configure appliance"; exit 4; }
works && { say "$before works again; nothing was lost"; exit 4; }
say "$before is installed again, but something does not work: appliance doctor"
exit 4
