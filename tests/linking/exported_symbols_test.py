# SPDX-License-Identifier: Apache-2.0
"""libotium.so exports Otium's C++ names and nothing else.

BLIS, LAPACK and libxsmm are inside it. Were one `dgemm_` visible, a program
that links OpenBLAS would get ours, or we its.

usage: exported_symbols_test.py LIBOTIUM
"""

import subprocess
import sys


def main():
    listing = subprocess.run(
        ["nm", "--dynamic", "--defined-only", "--format=posix", sys.argv[1]],
        check=True, capture_output=True, text=True).stdout
    # nm appends @@VERSION to names of versioned libraries.
    names = [line.split()[0].split("@")[0] for line in listing.splitlines()]

    # C and Fortran names are not mangled; every name that C++ mangles is ours or
    # an instantiation of a standard template, which the linker merges.
    foreign = sorted(name for name in names if not name.startswith("_Z"))
    if foreign:
        sys.exit(f"{len(foreign)} foreign symbols are exported: {foreign[:20]}")
    ours = [name for name in names if "5otium" in name]
    if not any("otium7Version" in name for name in ours):
        sys.exit("otium::Version() is not exported")
    internal = [name for name in ours if "12_GLOBAL__N_1" in name]
    if internal:
        sys.exit(f"names of unnamed namespaces are exported: {internal[:20]}")
    print(f"{len(ours)} of {len(names)} exported symbols are Otium's, none is foreign")


main()
