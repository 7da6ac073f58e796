// Lists buckets and keys, writes a key and reads it back.
// env: __faasm_s3_get_num_buckets __faasm_s3_list_buckets __faasm_s3_get_num_keys __faasm_s3_get_num_keys_with_prefix __faasm_s3_list_keys __faasm_s3_list_keys_with_prefix __faasm_s3_add_key_bytes __faasm_s3_get_key_bytes
#include <faasm/faasm.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

extern "C" {
#include <faasm/host_interface.h>
}

static void printAll(std::vector<char *> &names, std::vector<int> &lengths)
{
    for (size_t i = 0; i < names.size(); i++) {
        printf("%.*s\n", lengths[i], names[i]);
        free(names[i]);
    }
}

int main()
{
    int n = __faasm_s3_get_num_buckets();
    std::vector<char *> names(n);
    std::vector<int> lengths(n);
    __faasm_s3_list_buckets(names.data(), lengths.data());
    printAll(names, lengths);

    char text[] = "kept";
    __faasm_s3_add_key_bytes("bucket", "dir/key", text, 4);
    n = __faasm_s3_get_num_keys("bucket");
    names.resize(n);
    lengths.resize(n);
    __faasm_s3_list_keys("bucket", names.data(), lengths.data());
    printAll(names, lengths);
    n = __faasm_s3_get_num_keys_with_prefix("bucket", "dir/");
    names.resize(n);
    lengths.resize(n);
    __faasm_s3_list_keys_with_prefix("bucket", "dir/", names.data(), lengths.data());
    printAll(names, lengths);

    uint8_t *data = nullptr;
    int size = 0;
    __faasm_s3_get_key_bytes("bucket", "dir/key", &data, &size);
    bool same = size == 4 && memcmp(data, text, 4) == 0;
    free(data);
    return same ? 0 : 1;
}
