// What rustc makes debug information of: generics, traits and their objects,
// closures, iterator chains, modules, drops and a panic's way out.
use std::collections::HashMap;
use std::fmt;

mod geometry {
    pub trait Shape {
        fn area(&self) -> f64;
        fn name(&self) -> String {
            String::from("shape")
        }
    }

    pub struct Circle(pub f64);
    pub struct Square<T> {
        pub side: T,
    }

    impl Shape for Circle {
        fn area(&self) -> f64 {
            3.14159 * self.0 * self.0
        }
        fn name(&self) -> String {
            format!("circle of {}", self.0)
        }
    }

    impl<T: Copy + Into<f64>> Shape for Square<T> {
        fn area(&self) -> f64 {
            let side: f64 = self.side.into();
            side * side
        }
    }
}

use geometry::Shape;

struct Noisy(u32);

impl Drop for Noisy {
    fn drop(&mut self) {
        println!("drop {}", self.0);
    }
}

impl fmt::Display for Noisy {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "noisy {}", self.0)
    }
}

#[inline(always)]
fn clamp<T: PartialOrd>(v: T, low: T, high: T) -> T {
    if v < low {
        low
    } else if v > high {
        high
    } else {
        v
    }
}

fn apply<F>(f: F, n: u32) -> u32
where
    F: Fn(u32) -> u32,
{
    f(n) + f(n + 1)
}

fn parse(s: &str) -> Result<u32, std::num::ParseIntError> {
    let n = s.trim().parse::<u32>()?;
    Ok(clamp(n, 3, 40))
}

fn main() {
    let n = std::env::args().count() as u32;
    let shapes: Vec<Box<dyn Shape>> = vec![Box::new(geometry::Circle(n as f64)), Box::new(geometry::Square { side: n as f32 })];
    let mut areas: HashMap<String, f64> = HashMap::new();
    for s in &shapes {
        *areas.entry(s.name()).or_insert(0.0) += s.area();
    }
    let total: u32 = (0..20)
        .filter(|v| v % 3 != 0)
        .map(|v| apply(|w| w * n, v))
        .sum();
    let noisy = Noisy(total);
    println!("{} {:?} {}", noisy, parse("17"), areas.len());
    if total == 1 {
        panic!("unreachable total {}", total);
    }
}
