// Imports a function that nobody provides, and calls it if it has an argument.
__attribute__((import_module("lab"), import_name("beam"))) int beam(int power);

int main(int argc, char **argv)
{
    (void)argv;
    return argc > 1 ? beam(argc) : 0;
}
