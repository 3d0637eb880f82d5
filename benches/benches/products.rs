//! Matrix products at the generator's shapes, ours on every instruction set of this CPU beside matrixmultiply.
//!
//! `cargo bench -p nar4rec-benches`. Each answer is checked before it is timed.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use nar4rec_benches::{KUAISHOU, Product, noise};
use nar4rec_kernels::{Epilogue, Isa, Matrix, PackedMatrix, gemm};

fn theirs(a: &[f32], b: &[f32], Product { m, k, n, .. }: Product, c: &mut [f32]) {
    let row = |width: usize| isize::try_from(width).expect("a width of the shapes above");
    assert!(a.len() == m * k && b.len() == k * n && c.len() == m * n, "operands of the shape");
    // SAFETY: the three slices are dense matrices of these sizes, as just checked.
    unsafe {
        matrixmultiply::sgemm(
            m,
            k,
            n,
            1.0,
            a.as_ptr(),
            row(k),
            1,
            b.as_ptr(),
            row(n),
            1,
            0.0,
            c.as_mut_ptr(),
            row(n),
            1,
        );
    }
}

fn products(criterion: &mut Criterion) {
    for product in KUAISHOU {
        let Product { name, m, k, n } = product;
        let (a, b) = (noise(m * k, 1), noise(k * n, 2));
        let mut expected = vec![0.0; m * n];
        theirs(&a, &b, product, &mut expected);
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Elements((2 * m * k * n) as u64));
        for isa in Isa::names() {
            let isa = Isa::named(isa).expect("a name of this cpu");
            let packed = PackedMatrix::new(isa, Matrix::new(&b, k, n, n));
            let mut c = vec![0.0; m * n];
            let mut run = || gemm(isa, Matrix::new(black_box(&a), m, k, k), &packed, (&mut c, n), Epilogue::OVER);
            run();
            assert!(c.iter().zip(&expected).all(|(x, y)| (x - y).abs() < 1e-3), "{} {name}", isa.name());
            let mut run = || gemm(isa, Matrix::new(black_box(&a), m, k, k), &packed, (&mut c, n), Epilogue::OVER);
            group.bench_function(isa.name(), |bencher| bencher.iter(&mut run));
        }
        let mut c = vec![0.0; m * n];
        group.bench_function("matrixmultiply", |bencher| bencher.iter(|| theirs(black_box(&a), &b, product, &mut c)));
        group.finish();
    }
}

criterion_group!(benches, products);
criterion_main!(benches);
