"""What an answer of several questions may not lean on."""

from __future__ import annotations

LIBRARY_CLIPPING = (
    "course_lib.clipping.norm.clip_by_norm",
    "course_lib.clipping.norm.clip_by_global_norm",
    "course_lib.clipping.scope.clip_globally",
    "course_lib.clipping.scope.clip_per_group",
    "course_lib.clipping.scope.clip_per_layer",
    "course_lib.clipping.scope.clip_per_parameter",
    "course_lib.clipping.scope.clip_per_example",
    "course_lib.clipping.torch_front.clip_by_global_norm_",
    "course_lib.clipping.torch_front.clip_per_group_",
    "course_lib.clipping.torch_front.clip_per_layer_",
    "course_lib.clipping.torch_front.clip_per_parameter_",
    "course_lib.clipping.torch_front.clip_per_example_",
)

TORCH_CLIPPING = (
    "torch.nn.utils.clip_grad.clip_grad_norm_",
    "torch.nn.utils.clip_grad._clip_grads_with_norm_",
)
