// Not C++: "new" is a keyword there, and the call has no declaration of types.
int twice(int new)
{
    return 2 * new;
}
