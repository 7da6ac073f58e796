int __nobody_provides_this(void);

int faasmUnused(void)
{
    return __nobody_provides_this();
}
