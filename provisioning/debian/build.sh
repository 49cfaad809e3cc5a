#!/bin/sh
# Builds the Debian package from the project's own files: `sh provisioning/debian/build.sh PYTHON OUT` (make deb).
# PYTHON is a Python 3.11 with pip. What it fetches (wheels) is fetched here; installing needs no network and no compiler.
set -eu
python=$1 out=$2
here=$(cd "$(dirname "$0")" && pwd)
project=$(cd "$here/../.." && pwd)
version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' "$project/appliance/__init__.py")${VERSION_SUFFIX:-}
architecture=$(dpkg --print-architecture)
work=$out/work
tree=$work/tree
library=$tree/usr/lib/appliance packages=$tree/usr/lib/appliance/lib/python3.11/site-packages
rm -rf "$work" && mkdir -p "$packages" "$work/source" "$tree/DEBIAN" "$out"

# Our own wheel, from the files that git tracks: nothing that merely lies about gets in.
(cd "$project" && git ls-files -z appliance capture uploader ivr_flows provisioning setup.py setup.cfg pyproject.toml README.md |
    xargs -0 cp --parents -t "$work/source")
"$python" -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir "$work/wheels" "$work/source"
"$python" -m pip install --quiet --disable-pip-version-check --no-compile --only-binary :all: \
    --constraint "$project/provisioning/constraints.txt" --target "$packages" "$work"/wheels/*.whl
rm -rf "$packages/bin"
find "$packages" -name __pycache__ -prune -exec rm -rf {} +
# The box's folders are read-only for its services, so what Python would write at the first start is written now.
"$python" -m compileall -q -j 2 --invalidation-mode unchecked-hash -s "$tree" "$packages" || true

mkdir -p "$library/bin" "$tree/usr/bin" "$tree/usr/sbin"
printf 'home = /usr/bin\ninclude-system-site-packages = false\nversion = 3.11\n' > "$library/pyvenv.cfg"
ln -s /usr/bin/python3.11 "$library/bin/python3"
printf '#!/bin/sh\nexec /usr/lib/appliance/bin/python3 -I -m appliance "$@"\n' > "$tree/usr/bin/appliance"
cp "$here/upgrade.sh" "$tree/usr/sbin/appliance-upgrade"
chmod 755 "$tree/usr/bin/appliance" "$tree/usr/sbin/appliance-upgrade"

units=$tree/usr/lib/systemd/system
mkdir -p "$units" "$tree/usr/lib/sysusers.d" "$tree/usr/lib/tmpfiles.d" "$tree/usr/share/doc/appliance"
for unit in "$project"/systemd/*.service "$project"/systemd/*.timer "$project"/systemd/*.target; do
    [ ! -f "$unit" ] || cp "$unit" "$units/"
done
cp "$project/systemd/appliance.sysusers" "$tree/usr/lib/sysusers.d/appliance.conf"
cp "$project/systemd/appliance.tmpfiles" "$tree/usr/lib/tmpfiles.d/appliance.conf"
cp "$project/README.md" "$project/CHANGELOG.md" "$project/appliance/settings.toml" "$tree/usr/share/doc/appliance/"

for script in preinst postinst prerm postrm; do
    cp "$here/$script" "$tree/DEBIAN/$script"
    chmod 755 "$tree/DEBIAN/$script"
done
chmod -R u=rwX,go=rX "$tree"
chmod 755 "$tree/DEBIAN"/p*
size=$(du -sk --exclude DEBIAN "$tree" | cut -f1)
sed "s/@VERSION@/$version/; s/@ARCHITECTURE@/$architecture/; s/@SIZE@/$size/" "$here/control" > "$tree/DEBIAN/control"
(cd "$tree" && find usr -type f -print0 | xargs -0 md5sum > DEBIAN/md5sums)
dpkg-deb --root-owner-group -Zzstd -z3 --build "$tree" "$out/appliance_${version}_${architecture}.deb" >/dev/null
echo "$out/appliance_${version}_${architecture}.deb"
