# SPDX-License-Identifier: Apache-2.0
"""libotium.so exports Otium's C++ names and nothing else, and imports no BLAS.

BLIS, LAPACK and libxsmm are inside it. Were one `dgemm_` visible, a program
that links OpenBLAS would get ours, or we its.

usage: exported_symbols_test.py LIBOTIUM
"""

import re
import subprocess
import sys


def symbols(library, which):
    listing = subprocess.run(["nm", "--dynamic", which, "--format=posix", library],
                             check=True, capture_output=True, text=True).stdout
    # nm appends @@VERSION to names of versioned libraries.
    return [line.split()[0].split("@")[0] for line in listing.splitlines()]


def main():
    library = sys.argv[1]
    exported = symbols(library, "--defined-only")

    # C and Fortran names are not mangled; every name that C++ mangles is ours or
    # an instantiation of a standard template, which the linker merges.
    foreign = sorted(name for name in exported if not name.startswith("_Z"))
    if foreign:
        sys.exit(f"{len(foreign)} foreign symbols are exported: {foreign[:20]}")
    ours = [name for name in exported if "5otium" in name]
    if not any("otium7Version" in name for name in ours):
        sys.exit("otium::Version() is not exported")

    # Fortran names end in an underscore, as no function of libc does.
    blas = sorted(name for name in symbols(library, "--undefined-only")
                  if re.match(r"(cblas_|LAPACKE_|bli_|libxsmm_)|[a-z0-9]+_$", name))
    if blas:
        sys.exit(f"{len(blas)} BLAS or LAPACK symbols are imported: {blas[:20]}")
    print(f"{len(ours)} of {len(exported)} exported symbols are Otium's, none is foreign")


main()
