"""Convolutions lowered for the platform, and the flax layers made of them."""

from gan_jax.ops.convolution import conv, conv_transpose
from gan_jax.ops.depthwise import depthwise_conv
from gan_jax.ops.grouped import grouped_conv
from gan_jax.ops.layers import Conv, ConvTranspose, KernelLayer
from gan_jax.ops.volumes import conv3d, conv3d_transpose

__all__ = [
    "Conv",
    "ConvTranspose",
    "KernelLayer",
    "conv",
    "conv3d",
    "conv3d_transpose",
    "conv_transpose",
    "depthwise_conv",
    "grouped_conv",
]
