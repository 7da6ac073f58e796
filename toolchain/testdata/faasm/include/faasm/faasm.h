#pragma once
#ifdef __cplusplus
extern "C" {
#endif
void __faasm_write_output(const char *out, long len);
void faasmSetOutput(const char *out, long len);
int faasmUnused(void);
#ifdef __cplusplus
}
#endif
