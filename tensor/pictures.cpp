/* pictures - bytes become numbers in one tensor. */
#include "tensor/pictures.h"
#include "tensor/private.hpp"

static const int64_t RGB = 3;

static at::Tensor channels(const float *of)
{
    return on_device(at::from_blob(const_cast<float *>(of), {RGB}, at::kFloat).clone());
}

/* (N, H, W, 3). On a CPU libtorch takes twice as long: it multiplies three numbers at a time. */
static at::Tensor numbers_of(const at::Tensor &bytes, const float *by, const float *add)
{
    if (!bytes.is_cpu()) return bytes.to(at::kFloat).mul_(channels(by)).add_(channels(add));
    at::Tensor numbers = at::empty(bytes.sizes(), at::kFloat);
    pixels_to_numbers(bytes.const_data_ptr<uint8_t>(), (size_t)(bytes.numel() / RGB), by, add,
                      numbers.mutable_data_ptr<float>());
    return numbers;
}

static at::Tensor normalised(const at::Tensor &bytes, const float *mean, const float *std)
{
    float by[RGB], add[RGB];
    if (bytes.scalar_type() != at::kByte || bytes.dim() != 4 || bytes.size(3) != RGB)
        reject("pictures are bytes of the shape (N, H, W, 3)");
    for (int64_t c = 0; c < RGB; c++) {
        if (!(std[c] != 0)) reject("pictures are divided by a deviation of 0");
        by[c] = 1 / (255 * std[c]);
        add[c] = -mean[c] / std[c];
    }
    return numbers_of(bytes.contiguous(), by, add).permute({0, 3, 1, 2});
}

tensor *t_pictures(tensor *bytes, const float *mean, const float *std)
{
    return wrap({bytes}, [&] { return normalised(bytes->value, mean, std); });
}
