// What debuggers are tried on in Rust: structures, references, slices, strings, enums.

struct Point {
    x: i32,
    y: i32,
}

enum Shape {
    Circle(f64),
    Square { side: f64 },
}

// Hides a value from the optimiser.
#[inline(never)]
fn hide<T>(value: T) -> T {
    unsafe { std::ptr::read_volatile(&std::mem::ManuallyDrop::new(value) as *const _ as *const T) }
}

#[inline(never)]
fn area(shape: &Shape) -> f64 {
    let result = match shape {
        Shape::Circle(radius) => 3.0 * radius * radius,
        Shape::Square { side } => side * side,
    };
    hide(result)
}

#[inline(never)]
fn describe(origin: &Point, numbers: &[i32], title: &str, names: Vec<String>) -> i32 {
    let mut total = origin.x + origin.y;
    for number in numbers {
        total += number;
    }
    println!("{} {} {}", title, names.len(), total);
    hide(total)
}

fn main() {
    let origin = Point { x: 3, y: 4 };
    let numbers = [10, 20, 30];
    let names = vec![String::from("one"), String::from("two")];
    let circle = area(&hide(Shape::Circle(2.0)));
    let square = area(&hide(Shape::Square { side: 3.0 }));
    describe(&hide(origin), hide(&numbers), hide("shapes"), hide(names));
    println!("{} {}", circle, square);
}
