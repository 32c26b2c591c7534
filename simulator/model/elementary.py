"""exp, log and the normal distribution from plain arithmetic, so that their bits depend on no library and no CPU.

libm and numpy choose among several versions of these functions by the features of the CPU, and the versions differ in
the last bit. Here are only +, -, *, / and sqrt, which IEEE 754 fixes. Accuracy is tested against the standard library.
"""

from __future__ import annotations

import math

import numpy as np

from simulator.compiled import inlined

_POWERS_OF_TWO = np.array([math.ldexp(1.0, n) for n in range(-1022, 1024)])
_LN2_HIGH = 6.93147180369123816490e-01  # Cody and Waite: the two parts of ln 2, as in fdlibm's e_exp.c
_LN2_LOW = 1.90821492927058770002e-10
_LOG2_E = 1.44269504088896338700


@inlined
def exp(x: float) -> float:
    """e to the x; 0 below -708, infinity above 709."""
    if x < -708.0:
        return 0.0
    if x > 709.0:
        return math.inf
    n = math.floor(x * _LOG2_E + 0.5)
    r = (x - n * _LN2_HIGH) - n * _LN2_LOW  # |r| <= ln(2) / 2, where 13 terms of the series leave under 1e-17
    total = 1.0
    for k in range(13, 0, -1):
        total = 1.0 + total * r / k
    return total * float(_POWERS_OF_TWO[n + 1022])


@inlined
def log(x: float) -> float:
    """The natural logarithm of a positive number."""
    mantissa, exponent = math.frexp(x)
    if mantissa < 0.70710678118654752440:
        mantissa *= 2.0
        exponent -= 1
    s = (mantissa - 1.0) / (mantissa + 1.0)  # |s| <= 0.172; log m = 2 artanh s
    square = s * s
    total = 0.0
    for k in range(21, 0, -2):
        total = total * square + 1.0 / k
    return 2.0 * s * total + exponent * _LN2_LOW + exponent * _LN2_HIGH


@inlined
def normal_quantile(p: float) -> float:
    """The standard normal's quantile for 0 < p < 1, to 1 part in 10^7.

    PPND7 of M. J. Wichura, "Algorithm AS 241: The percentage points of the normal distribution",
    Applied Statistics 37 (1988), 477-484.
    """
    q = p - 0.5
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        return (
            q
            * (((5.9109374720e01 * r + 1.5929113202e02) * r + 5.0434271938e01) * r + 3.3871327179e00)
            / (((6.7187563600e01 * r + 7.8757757664e01) * r + 1.7895169469e01) * r + 1.0)
        )
    r = math.sqrt(-log(p if q < 0.0 else 1.0 - p))
    if r <= 5.0:
        r -= 1.6
        z = (((1.7023821103e-01 * r + 1.3067284816e00) * r + 2.7568153900e00) * r + 1.4234372777e00) / (
            (1.2021132975e-01 * r + 7.3700164250e-01) * r + 1.0
        )
    else:
        r -= 5.0
        z = (((1.7337203997e-02 * r + 4.2868294337e-01) * r + 3.0812263860e00) * r + 6.6579051150e00) / (
            (1.2258202635e-02 * r + 2.4197894225e-01) * r + 1.0
        )
    return -z if q < 0.0 else z


@inlined
def normal_cdf(x: float) -> float:
    """The standard normal's distribution function, to double precision.

    J. F. Hart's algorithm 5666 as given by G. West, "Better approximations to cumulative normal functions",
    Wilmott Magazine (2005), 70-76.
    """
    size = abs(x)
    if size > 37.0:
        tail = 0.0
    else:
        height = exp(-0.5 * size * size)
        if size < 7.07106781186547:
            top = 3.52624965998911e-02 * size + 0.700383064443688
            top = top * size + 6.37396220353165
            top = top * size + 33.912866078383
            top = top * size + 112.079291497871
            top = top * size + 221.213596169931
            top = top * size + 220.206867912376
            bottom = 8.83883476483184e-02 * size + 1.75566716318264
            bottom = bottom * size + 16.064177579207
            bottom = bottom * size + 86.7807322029461
            bottom = bottom * size + 296.564248779674
            bottom = bottom * size + 637.333633378831
            bottom = bottom * size + 793.826512519948
            bottom = bottom * size + 440.413735824752
            tail = height * top / bottom
        else:
            fraction = size + 1.0 / (size + 2.0 / (size + 3.0 / (size + 4.0 / (size + 0.65))))
            tail = height / fraction / 2.506628274631
    return 1.0 - tail if x > 0.0 else tail
