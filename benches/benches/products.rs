//! Matrix products at the generator's shapes, ours on every instruction set of this CPU beside ndarray, whose product is
//! matrixmultiply's.
//!
//! `cargo bench -p nar4rec-benches`. Each answer is checked before it is timed.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use nar4rec_benches::{KUAISHOU, Product, noise};
use nar4rec_kernels::{Epilogue, Isa, Matrix, PackedMatrix, gemm};
use ndarray::{Array2, linalg::general_mat_mul};

fn products(criterion: &mut Criterion) {
    for product in KUAISHOU {
        let Product { name, m, k, n } = product;
        let (a, b) = (noise(m * k, 1), noise(k * n, 2));
        let array = |rows, columns, data: &[f32]| {
            Array2::from_shape_vec((rows, columns), data.to_vec()).expect("as many numbers as the shape has")
        };
        let (a_array, b_array) = (array(m, k, &a), array(k, n, &b));
        let expected = a_array.dot(&b_array);
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
        let mut c = expected.clone();
        let mut run = || general_mat_mul(1.0, black_box(&a_array), &b_array, 0.0, &mut c);
        group.bench_function("matrixmultiply", |bencher| bencher.iter(&mut run));
        group.finish();
    }
}

criterion_group!(benches, products);
criterion_main!(benches);
