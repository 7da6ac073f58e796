// What debuggers are tried on in Rust: statics, also of a module and of a function.
use std::sync::atomic::{AtomicI32, Ordering};

static VISITS: AtomicI32 = AtomicI32::new(3);

mod shop {
    pub static mut RATIO: f64 = 1.5;
}

#[inline(never)]
fn visit(n: i32) -> i32 {
    static CALLS: AtomicI32 = AtomicI32::new(40);
    unsafe { shop::RATIO *= 2.0 };
    VISITS.fetch_add(n, Ordering::Relaxed);
    CALLS.fetch_add(1, Ordering::Relaxed)
}

fn main() {
    let mut last = 0;
    for i in 1..4 {
        last = visit(i);
    }
    println!("{} {} {}", VISITS.load(Ordering::Relaxed), last, unsafe { shop::RATIO });
}
