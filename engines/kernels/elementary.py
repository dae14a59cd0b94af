"""exp and log over lanes, plain enough for LLVM to make vectors of; no array is made here.

Both are those of fdlibm (Sun Microsystems, 1993) without its branches, right to one unit in the last place.
"""

from __future__ import annotations

from typing import Any

from numba import njit
from numba.core import types
from numba.extending import intrinsic

TINIEST = -80.0
"""exp of less, 2e-35, is taken as 0: too little to count, and its products would be subnormal, which are slow."""
ROUNDER = 6755399441055744.0  # 1.5 * 2**52: added to a number, it leaves the nearest integer in the lowest bits
LOG2_HIGH, LOG2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10


def _bits_of(typing_context: Any, number: Any) -> Any:
    """The bits of a float64 as an int64."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], context.get_value_type(types.int64))

    return types.int64(types.float64), codegen


def _of_bits(typing_context: Any, bits: Any) -> Any:
    """The float64 of these bits."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], context.get_value_type(types.float64))

    return types.float64(types.int64), codegen


bits_of: Any = intrinsic(_bits_of)
of_bits: Any = intrinsic(_of_bits)


@njit(cache=True, nogil=True, fastmath={"contract"})
def exponentials(x, shift, total):  # type: ignore[no-untyped-def]
    """x (R,) becomes exp(x − shift), 0 where that is under 2e-35, and is added to `total`; shift is not exceeded."""
    for i in range(x.shape[0]):
        power = x[i] - shift[i]
        v = power if power > TINIEST else TINIEST
        rounded = v * 1.4426950408889634 + ROUNDER
        k = rounded - ROUNDER
        r = v - k * LOG2_HIGH
        r = r - k * LOG2_LOW  # |r| <= log(2) / 2
        r2 = r * r
        r4 = r2 * r2
        low = (0.5 + 1.66666666666666851703e-1 * r) + (4.16666666666665047591e-2 + 8.33333333333331652721e-3 * r) * r2
        middle = 1.38888888889774492207e-3 + 1.98412698960509205564e-4 * r
        middle += (2.48015871592354729987e-5 + 2.75572362911928827629e-6 * r) * r2
        high = (2.75573911234900471893e-7 + 2.51112930892876518610e-8 * r) + 2.08860621107283687536e-9 * r2
        p = low + r4 * (middle + r4 * high)  # in pairs, so that few products wait for one another
        value = (1.0 + (r + r2 * p)) * of_bits((bits_of(rounded) + 1023) << 52)
        value = value if power > TINIEST else 0.0
        x[i] = value
        total[i] += value


@njit(cache=True, nogil=True, fastmath={"contract"}, error_model="numpy")
def logarithms(x, out):  # type: ignore[no-untyped-def]
    """log of x (R,), positive and not subnormal, as `out` (R,), another array."""
    for i in range(x.shape[0]):
        bits = bits_of(x[i])
        exponent = (bits - 0x3FE6A09E667F3BCD) >> 52  # so that the mantissa lies in [√½, √2)
        f = of_bits(bits - (exponent << 52)) - 1.0
        k = of_bits(exponent + 0x4338000000000000) - ROUNDER
        s = f / (2.0 + f)
        z = s * s
        w = z * z
        even = w * (0.3999999999940941908 + w * (0.2222219843214978396 + w * 0.1531383769920937332))
        odd = z * (
            0.6666666666666735130
            + w * (0.2857142874366239149 + w * (0.1818357216161805012 + w * 0.1479819860511658591))
        )
        half = 0.5 * f * f
        out[i] = k * LOG2_HIGH - ((half - (s * (half + even + odd) + k * LOG2_LOW)) - f)
