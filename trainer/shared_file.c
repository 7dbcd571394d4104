#include "trainer/shared_file.h"

static status fill(void *self, void *to, size_t count)
{
    const tensor_file *file = self;
    (void)count; /* shared_file_open has asked for tensor_file_bytes */
    return tensor_file_read(file, to);
}

status shared_file_open(comm *c, const char *path, shared_file *out)
{
    status st = OK;
    shared_file f = {0};
    tensor_file *there = NULL;
    if (comm_rank(c) == 0) st = tensor_file_open(path, &there);
    TRY(comm_agree(c, st));
    if (comm_size(c) == 1) {
        f.tensors = there;
        there = NULL;
    } else {
        TRY(comm_share(c, there ? tensor_file_bytes(there) : 0, fill, there, &f.bytes));
        TRY(comm_agree(
            c, tensor_file_open_bytes(path, shared_bytes_at(f.bytes), shared_bytes_count(f.bytes), &f.tensors)));
    }
    *out = f;
    f = (shared_file){0};
done:
    tensor_file_close(&there);
    shared_file_close(&f);
    return st;
}

void shared_file_close(shared_file *f)
{
    tensor_file_close(&f->tensors);
    shared_bytes_free(&f->bytes);
}

status shared_file_hash(const shared_file *f, char out[HASH_TEXT])
{
    if (!f->bytes) return hash_file(tensor_file_path(f->tensors), out);
    hash_bytes(shared_bytes_at(f->bytes), shared_bytes_count(f->bytes), out);
    return OK;
}

status shared_file_load(comm *c, const char *path, module *m)
{
    status st = OK;
    shared_file f = {0};
    TRY(shared_file_open(c, path, &f));
    TRY(comm_agree(c, module_load_file(m, f.tensors)));
done:
    shared_file_close(&f);
    return st;
}
