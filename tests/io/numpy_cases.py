# SPDX-License-Identifier: Apache-2.0
"""NumPy's side of tests/io/numpy_test.cc: writes files for Otium to read and
texts for it to match, and checks the files that Otium wrote.

    numpy_cases.py write FOLDER     before
    numpy_cases.py check FOLDER     after
"""

import os
import sys
import warnings
import zipfile

import numpy as np
import scipy.io
import scipy.sparse

DTYPES = ['|b1', '<i4', '<i8', '<f2', '<f4', '<f8', '<c8', '<c16']
SHAPES = [(), (0,), (1,), (7,), (3, 4), (4, 0, 2), (2, 3, 4), (1, 1, 1, 1), (2, 1, 3, 1, 2)]


def random_array(rng, dtype, shape):
    dtype = np.dtype(dtype)
    if dtype.kind == 'b':
        return rng.integers(0, 2, shape).astype(dtype)
    if dtype.kind == 'i':
        return rng.integers(-1000, 1000, shape).astype(dtype)
    a = rng.standard_normal(shape)
    if dtype.kind == 'c':
        a = a + 1j * rng.standard_normal(shape)
    return np.asarray(a).astype(dtype)


def layouts(a):
    """The same values lying in memory in other ways; np.save keeps two of them."""
    yield a
    yield np.asfortranarray(a)
    yield a.T
    yield np.repeat(a[None], 2, axis=0)[0]


def write_npy(folder):
    """NAME.npy is to be read as NAME.want, which is always in C order."""
    rng = np.random.default_rng(1)
    arrays = {}
    for dtype in DTYPES:
        for shape in SHAPES:
            for a in layouts(random_array(rng, dtype, shape)):
                arrays[f'a{len(arrays)}'] = a
    for name, a in arrays.items():
        np.save(f'{folder}/{name}.npy', a)
        with open(f'{folder}/{name}.want', 'wb') as f:
            np.save(f, np.ascontiguousarray(a).reshape(a.shape))
    for version in [(2, 0), (3, 0)]:
        with open(f'{folder}/version{version[0]}.npy', 'wb') as f, warnings.catch_warnings():
            warnings.simplefilter('ignore')
            np.lib.format.write_array(f, np.arange(5.0), version=version)
        with open(f'{folder}/version{version[0]}.want', 'wb') as f:
            np.save(f, np.arange(5.0))
    np.savez(f'{folder}/stored.npz', **arrays)
    np.savez_compressed(f'{folder}/deflated.npz', **arrays)
    # As a pipe is written: data descriptors, and zip64 headers where none is needed.
    with open(f'{folder}/streamed.npz', 'wb') as raw:
        with zipfile.ZipFile(Unseekable(raw), 'w', zipfile.ZIP_DEFLATED) as z:
            for name in arrays:
                with z.open(f'{name}.npy', 'w', force_zip64=True) as member:
                    np.lib.format.write_array(member, np.asanyarray(arrays[name]))
    with open(f'{folder}/names', 'w') as f:
        f.write('\n'.join(arrays))


class Unseekable:
    """A file as a pipe is: zipfile then cannot go back to fill in sizes."""

    def __init__(self, raw):
        self.write, self.flush = raw.write, raw.flush


def write_mtx(folder):
    rng = np.random.default_rng(2)
    n = 6
    general = random_array(rng, '<f8', (5, 3))
    square = random_array(rng, '<c16', (n, n))
    sparse = scipy.sparse.random(7, 5, density=0.3, random_state=3, format='coo')
    spd = scipy.sparse.coo_matrix(np.diag(np.arange(1.0, n + 1)) + np.eye(n, k=1) + np.eye(n, k=-1))
    cases = {
        'array': general,
        'integers': rng.integers(-9, 9, (4, 4)),
        'complex': square,
        'symmetric': square.real + square.real.T,
        'skew': square.real - square.real.T,
        'hermitian': square + square.conj().T,
        'sparse': sparse,
        'sparse_symmetric': spd,
        'sparse_integers': scipy.sparse.coo_matrix(np.eye(4, k=2, dtype=np.int64) * 3),
        'sparse_hermitian': scipy.sparse.coo_matrix(np.triu(square, 4) + np.triu(square, 4).conj().T),
    }
    for name, a in cases.items():
        scipy.io.mmwrite(f'{folder}/{name}.mtx', a)
        # SciPy may write fewer digits than a value has: what it reads back counts.
        a = scipy.io.mmread(f'{folder}/{name}.mtx')
        dense = a.toarray() if scipy.sparse.issparse(a) else a
        with open(f'{folder}/{name}.mtxwant', 'wb') as f:
            np.save(f, np.ascontiguousarray(dense))
    scipy.io.mmwrite(f'{folder}/pattern.mtx', sparse, field='pattern')
    with open(f'{folder}/pattern.mtxwant', 'wb') as f:
        np.save(f, (sparse.toarray() != 0).astype('<f8'))
    with open(f'{folder}/mtx_names', 'w') as f:
        f.write('\n'.join([*cases, 'pattern']))


def print_values(rng, dtype, shape):
    """Values of many magnitudes, often such as people have, often not."""
    dtype = np.dtype(dtype)
    if dtype.kind == 'b':
        return rng.integers(0, 2, shape).astype(dtype)
    if dtype.kind == 'i':
        bits = rng.integers(1, dtype.itemsize * 8)
        top = 2 ** int(bits - 1)
        a = rng.integers(-top, top, shape) if rng.random() < 0.7 else rng.integers(0, top, shape)
        return np.asarray(a).astype(dtype)
    if dtype.kind == 'c':
        part = '<f4' if dtype.itemsize == 8 else '<f8'
        a = np.empty(shape, dtype)
        a.real, a.imag = print_values(rng, part, shape), print_values(rng, part, shape)
        return a
    kind = rng.integers(0, 9)
    a = np.asarray(rng.standard_normal(shape))
    if kind == 0:
        a = np.round(a * 10)
    elif kind == 1:
        a = np.round(a, int(rng.integers(0, 6)))
    elif kind == 2:
        a = a * 10.0 ** rng.integers(-12, 12)
    elif kind == 3:
        a = a * 10.0 ** rng.integers(-6, 6, shape)
    elif kind == 4:
        a = np.ldexp(1.0, rng.integers(-30, 30, shape)) * np.sign(a)
    elif kind == 5 and dtype != np.float16:
        # Any bits at all: subnormals, infinities, NaN.
        raw = rng.integers(0, 256, (*shape, dtype.itemsize), dtype=np.uint8)
        return np.ascontiguousarray(raw).view(dtype).reshape(shape)
    elif kind == 6:
        a = np.where(rng.random(shape) < 0.5, 0.0, a)
    elif kind == 7:
        a = a * 1000 + rng.choice([0.0, 9e3, 99999.5, 9.9999999995e7])
    a = np.asarray(a)
    if rng.random() < 0.25:
        special = rng.choice([np.nan, np.inf, -np.inf, -0.0], shape)
        a = np.where(rng.random(shape) < 0.3, special, a)
    return np.asarray(a).astype(dtype)


def write_print(folder):
    rng = np.random.default_rng(3)
    shapes = [(), (1,), (3,), (10,), (40,), (2, 3), (4, 9), (3, 1), (1, 30), (2, 3, 4), (0,), (2, 0),
              (1001,), (40, 30), (7, 200), (3, 4, 5, 30), (2, 2, 1, 1, 2)]
    arrays, texts = {}, []

    def add(a, **options):
        threshold = options.get('threshold', 1000)
        precision = options.get('precision', 8)
        width = options.get('linewidth', 75)
        arrays[f'{threshold} {precision} {width} {len(arrays)}'] = a
        if a.shape == ():
            texts.append(str(a))
        else:
            texts.append(np.array2string(a, threshold=threshold, precision=precision,
                                         max_line_width=width))

    with np.errstate(all='ignore'):
        for i in range(2500):
            shape = shapes[i % len(shapes)]
            dtype = DTYPES[int(rng.integers(len(DTYPES)))]
            add(print_values(rng, dtype, shape))
        for i in range(700):
            shape = shapes[i % len(shapes)]
            dtype = DTYPES[int(rng.integers(len(DTYPES)))]
            add(print_values(rng, dtype, shape), threshold=int(rng.choice([0, 5, 100, 10**9])),
                precision=int(rng.integers(0, 18)), linewidth=int(rng.choice([1, 20, 40, 75, 200])))
        # Where notations change, and the values around it.
        for edge in [1e-4, 1e-5, 1e16, 1e8, 1e-8, 1000.0, 1e22, 5e-324, 1.7976931348623157e308]:
            for dtype in ['<f4', '<f8', '<c8', '<c16']:
                for x in [edge, np.nextafter(edge, 0), np.nextafter(edge, np.inf)]:
                    add(np.array(x, dtype))
                    add(np.array([x], dtype))
                    add(np.array([x, 1.0], dtype))
                    add(np.array([x, -1.0, np.nan, -np.inf, 0.0], dtype))
        for x in [0.0, -0.0, np.nan, np.inf, -np.inf, 1.0, -2.5, 1e20]:
            for y in [0.0, -0.0, np.nan, np.inf, -np.inf, 1.0, -2.5, 1e-20]:
                z = np.empty((), '<c16')
                z.real, z.imag = x, y
                add(z)
                add(z.astype('<c8'))
                add(z.reshape(1))
        every = np.arange(65536, dtype=np.uint16).view('<f2')
        half_texts = [str(x) for x in every]
    np.savez_compressed(f'{folder}/print.npz', **arrays)
    np.save(f'{folder}/halves.npy', every)
    with open(f'{folder}/print.txt', 'w') as f:
        f.write('\0'.join(texts))
    with open(f'{folder}/halves.txt', 'w') as f:
        f.write('\0'.join(half_texts))


def write_halves(folder):
    """Every f16 as f32, and the f16 nearest to many f32."""
    every = np.arange(65536, dtype=np.uint16).view('<f2')
    np.save(f'{folder}/half_to_float.npy', every.astype('<f4'))
    rng = np.random.default_rng(4)
    bits = rng.integers(0, 2**32, 200000, dtype=np.uint32)
    # Half of them where binary16 has values; and the midpoints between two.
    bits[::2] = (np.uint32(90 << 23) + bits[::2] % np.uint32(60 << 23)) | (bits[::2] & np.uint32(1 << 31))
    finite = every[np.isfinite(every)].astype('<f4')
    middle = (finite[:-1] + finite[1:]) / 2
    floats = np.concatenate([bits.view('<f4'), middle, np.nextafter(middle, np.float32(np.inf)),
                             np.nextafter(middle, np.float32(-np.inf))])
    with np.errstate(all='ignore'):
        np.save(f'{folder}/floats.npy', floats)
        np.save(f'{folder}/float_to_half.npy', floats.astype('<f2').view('<i2').astype('<i4'))


def same(a, b):
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def check(folder):
    with open(f'{folder}/names') as f:
        names = f.read().split('\n')
    for kind in ['stored', 'deflated']:
        with np.load(f'{folder}/out_{kind}.npz') as z:
            assert z.files == names, z.files
            for name in names:
                assert same(z[name], np.load(f'{folder}/{name}.npy')), (kind, name)
        assert zipfile.ZipFile(f'{folder}/out_{kind}.npz').testzip() is None
    with zipfile.ZipFile(f'{folder}/out_zip64.zip') as z:
        assert z.testzip() is None
        assert z.read('big') == b'z' * 1000 and z.read('deflated') == b'z' * 1000 + b's', z.namelist()
    for name in names:
        want = np.load(f'{folder}/{name}.npy')
        for suffix in ['', '_view']:
            a = np.load(f'{folder}/out_{name}{suffix}.npy')
            assert same(a, want), (name, suffix, a, want)
        mapped = np.load(f'{folder}/out_{name}.npy', mmap_mode='r') if want.size else want
        assert mapped.ctypes.data % 64 == 0 or want.size == 0, name
    assert np.load(f'{folder}/out_bf16.npy').dtype == np.dtype('V2')
    with open(f'{folder}/mtx_names') as f:
        for name in f.read().split('\n'):
            a, want = scipy.io.mmread(f'{folder}/out_{name}.mtx'), np.load(f'{folder}/{name}.mtxwant')
            assert a.dtype == want.dtype and np.array_equal(a, want), (name, a, want)


if __name__ == '__main__':
    command, folder = sys.argv[1:]
    assert os.path.isdir(folder), folder
    if command == 'write':
        write_npy(folder)
        write_mtx(folder)
        write_print(folder)
        write_halves(folder)
    else:
        assert command == 'check', command
        check(folder)
