//! What benchmarks of one process share: two ways to do the same thing do it with the same memory.

use std::{collections::HashMap, rc::Rc};

use nar4rec_kernels::Isa;

use crate::kernels::products::{Operands, Packed, Product};

/// The operands of products, each made once.
#[derive(Debug, Default)]
pub struct Shared {
    operands: HashMap<Product, Rc<Operands>>,
    packed: HashMap<(Product, &'static str), Rc<Packed>>,
}

impl Shared {
    /// The operands of a product and its answer.
    pub(crate) fn operands(&mut self, product: Product) -> Rc<Operands> {
        self.operands.entry(product).or_insert_with(|| Rc::new(Operands::new(product))).clone()
    }

    /// The same, packed for an instruction set.
    pub(crate) fn packed(&mut self, product: Product, isa: Isa) -> Rc<Packed> {
        let operands = self.operands(product);
        let new = || Rc::new(Packed::new(operands, isa));
        self.packed.entry((product, isa.name())).or_insert_with(new).clone()
    }
}
