// Three functions with 60, 30 and 10 percent of the work, and what they inline.

#[inline(always)]
fn mix(mut x: u32) -> u32 {
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    x
}

struct Counter {
    value: u32,
}

impl Counter {
    #[inline(never)]
    fn big(&mut self, n: u32) {
        for i in 0..n {
            self.value = mix(self.value).wrapping_add(i);
        }
    }

    #[inline(never)]
    fn mid(&mut self, n: u32) {
        for i in 0..n {
            self.value = mix(self.value).wrapping_sub(i);
        }
    }

    #[inline(never)]
    fn small(&mut self, n: u32) {
        for i in 0..n {
            self.value = mix(self.value) ^ i;
        }
    }
}

// main takes how many thousand turns to do, 100000 by default.
fn main() {
    let thousands: u32 = std::env::args().nth(1).and_then(|a| a.parse().ok()).unwrap_or(100000);
    let turns = thousands * 100;
    let mut c = Counter { value: 1 };
    for _ in 0..10 {
        c.big(turns / 10 * 6);
        c.mid(turns / 10 * 3);
        c.small(turns / 10);
    }
    assert!(c.value != 0);
}
