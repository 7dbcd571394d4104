#!/usr/bin/env python3
"""Makes losses.safetensors: what PyTorch says about the distillation losses, computed in float64.

Shared inputs: logits and teacher (B, C), classes and top (B, K) of the teacher, present (B), student and features (B, D).
Cases: CASE/out, the loss of a step of DIVISOR samples, and CASE/grad of the student's logits or features. A case's name
says which: kl or topk; T; published or batchmean; all or some (present); cosine or mse.
    python3 tests/golden/distill/make_losses.py
"""
import os

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

B, C, K, D, DIVISOR = 6, 23, 7, 10, 8
torch.manual_seed(11)


def step_loss(rows, present):
    """Rows of samples that count, as a mean over the step's DIVISOR samples."""
    return (rows * present).sum() / DIVISOR


def kl_rows(student, teacher, temperature, reduction):
    s, t = F.log_softmax(student / temperature, 1), F.log_softmax(teacher / temperature, 1)
    each = F.kl_div(s, t, reduction="none", log_target=True) * temperature**2
    return each.mean(1) if reduction == "published" else each.sum(1)


def main():
    logits, teacher = 3 * torch.randn(B, C, dtype=torch.float64), 4 * torch.randn(B, C, dtype=torch.float64)
    student, features = torch.randn(B, D, dtype=torch.float64), 5 * torch.randn(B, D, dtype=torch.float64)
    # Inputs are float32 in the program: the reference starts from the same numbers.
    logits, teacher, student, features = (x.float().double() for x in (logits, teacher, student, features))
    top, classes = teacher.topk(K, dim=1)
    some = torch.tensor([1, 0, 1, 1, 0, 1], dtype=torch.float64)
    out = {"logits": logits, "teacher": teacher, "classes": classes, "top": top, "present": some, "student": student,
           "features": features}
    out = {key: value if key == "classes" else value.float() for key, value in out.items()}

    def record(name, leaf, call):
        leaf = leaf.clone().requires_grad_(True)
        loss = call(leaf)
        loss.backward()
        out[f"{name}/out"] = loss.detach().reshape(1)
        out[f"{name}/grad"] = leaf.grad

    for which, present in (("all", torch.ones(B, dtype=torch.float64)), ("some", some)):
        for reduction in ("published", "batchmean"):
            for temperature in (1, 5, 10):
                name = f"{temperature}.{reduction}.{which}"
                record(f"kl.{name}", logits,
                       lambda x: step_loss(kl_rows(x, teacher, temperature, reduction), present))
                record(f"topk.{name}", logits,
                       lambda x: step_loss(kl_rows(x.gather(1, classes), top, temperature, reduction), present))
        record(f"cosine.{which}", student,
               lambda x: step_loss(1 - F.cosine_similarity(x, features, dim=1), present))
        record(f"mse.{which}", student,
               lambda x: step_loss(((F.normalize(x) - F.normalize(features))**2).mean(1), present))
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "losses.safetensors")
    save_file({key: value.contiguous() for key, value in out.items()}, path, metadata={"torch": torch.__version__})
    os.chmod(path, 0o644)


if __name__ == "__main__":
    main()
