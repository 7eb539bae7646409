"""Checks every formula of docs/finite-size.md. Standard library only: python3 docs/checks/finite_size.py

1. Exact moments of the real (and complex) Wishart matrix S by Wick's theorem, sorted by order in 1/N, against the
   expansions of R, Q, T0, T1 in powers of 1/z: rational arithmetic, so the agreement is exact, not approximate.
2. The closed forms of mu, Q, kappa and T1 against the forms in which the derivation first gives them, at complex z.
3. The mass 1/4 that the correction puts on each edge of the support.
4. What is left beyond 1/N after one and two gradient steps.
"""
import functools
import sys
from fractions import Fraction as F
from itertools import product

EIGENVALUE = [F(2), F(1), F(1, 3)]  # lambda_i
SHARE = [F(1, 3), F(1, 2), F(2, 5)]  # c_i/N, fixed while N grows


def mean(f):
    """<f> = (1/N) sum_i c_i f(lambda_i)"""
    return sum(c * f(x) for x, c in zip(EIGENVALUE, SHARE))


# ---------------------------------------------------------------------------------------------------------------
# Exact moments. E[S M_1 S M_2 ... S] with M_j = Sigma^powers[j], as {order in 1/N: value at eigenvalue x}.

def pairings(slots):
    if not slots:
        yield []
        return
    first, rest = slots[0], slots[1:]
    for i, partner in enumerate(rest):
        for tail in pairings(rest[:i] + rest[i + 1:]):
            yield [(first, partner)] + tail


def wick(powers, complex_data=False):
    """E[S M_1 S M_2 ... S] as {(order in 1/N, e, (e1, e2, ...)): number}, each term number N^-order x^e <l^e1> <l^e2>...

    Factor j of S owns slots 2j (left) and 2j + 1 (right); each pair of slots contributes one Sigma and equates the two
    sample indices. Sample loops give N, closed matrix loops N <l^e>, k factors of S give N^-k."""
    k = len(powers) + 1
    result = {}
    for pairs in pairings(list(range(2 * k))):
        # Circular complex data: only y with its conjugate, a left with a right slot.
        if complex_data and any((a + b) % 2 == 0 for a, b in pairs):
            continue
        partner = dict(pairs + [(b, a) for a, b in pairs])
        label = list(range(k))
        for a, b in pairs:
            old, new = label[a // 2], label[b // 2]
            label = [new if v == old else v for v in label]
        visited = set()

        def walk(slot):
            """Exponent of lambda collected from `slot` to the end of the word, or back to the start of a loop."""
            exponent = 0
            while slot not in visited:
                other = partner[slot]
                visited.update((slot, other))
                exponent += 1
                if other in (0, 2 * k - 1):
                    break
                exponent += powers[(other - 1) // 2]  # M_j joins slots 2j + 1 and 2j + 2
                slot = other + 1 if other % 2 == 1 else other - 1
            return exponent

        path = walk(0)
        loops = tuple(sorted(walk(slot) for slot in range(2 * k) if slot not in visited))
        key = (k - len(set(label)) - len(loops), path, loops)
        result[key] = result.get(key, 0) + 1
    return result


def wishart_moment(powers, x, complex_data=False):
    """The same at one eigenvalue x, as {order: value}"""
    out = {}
    for (order, path, loops), count in moments(tuple(powers), complex_data).items():
        value = count * x**path
        for e in loops:
            value *= mean(lambda y, e=e: y**e)
        out[order] = out.get(order, F(0)) + value
    return out


@functools.lru_cache(maxsize=None)
def moments(powers, complex_data):
    return wick(list(powers), complex_data)


# ---------------------------------------------------------------------------------------------------------------
# Series in 1/z: {exponent of z: coefficient}, exponents down to -DEPTH.

DEPTH = 9


class Series(dict):
    def __missing__(self, key):
        return F(0)

    def __add__(self, other):
        other = other if isinstance(other, Series) else Series({0: F(other)})
        return clean({e: self[e] + other[e] for e in set(self) | set(other)})

    def __neg__(self):
        return Series({e: -v for e, v in self.items()})

    def __sub__(self, other):
        return self + (-(other if isinstance(other, Series) else Series({0: F(other)})))

    def __mul__(self, other):
        if not isinstance(other, Series):
            return clean({e: v * other for e, v in self.items()})
        out = Series()
        for (a, u), (b, v) in product(self.items(), other.items()):
            if a + b >= -DEPTH:
                out[a + b] = out[a + b] + u * v
        return clean(out)

    __radd__, __rmul__ = __add__, __mul__

    def inverse(self):
        top = max(self)
        rest = Series({e - top: -v / self[top] for e, v in self.items() if e != top})  # 1/(1 - rest)
        total, power = Series({0: F(1)}), Series({0: F(1)})
        for _ in range(2 * DEPTH):
            power = power * rest
            total = total + power
        return clean({e - top: v / self[top] for e, v in total.items()})

    def derivative(self):
        return clean({e - 1: e * v for e, v in self.items()})


def clean(d):
    return Series({e: v for e, v in d.items() if v != 0 and e >= -DEPTH})


Z = Series({1: F(1)})
Z_INVERSE = Series({-1: F(1)})


def companion():
    m = -Z_INVERSE
    for _ in range(DEPTH + 2):
        pull = Series()
        for x, c in zip(EIGENVALUE, SHARE):
            pull = pull + (m * x + 1).inverse() * (x * c)
        m = -((Z - pull).inverse())
    return m


def divided_difference(f):
    """[f(z1) - f(z2)]/(z1 - z2) as {(e1, e2): coefficient}"""
    out = {}
    for e, v in f.items():
        if e > 0:
            for i in range(e):
                out[i, e - 1 - i] = out.get((i, e - 1 - i), F(0)) + v
        for i in range(1, -e + 1):
            out[-i, e - 1 + i] = out.get((-i, e - 1 + i), F(0)) - v
    return out


def outer(f, g):
    return {(a, b): u * v for a, u in f.items() for b, v in g.items()}


def add(*terms):
    out = {}
    for t in terms:
        for key, v in t.items():
            out[key] = out.get(key, F(0)) + v
    return out


def times(a, b):
    out = {}
    for (p, q), u in a.items():
        for (r, s), v in b.items():
            if p + r >= -DEPTH and q + s >= -DEPTH:
                out[p + r, q + s] = out.get((p + r, q + s), F(0)) + u * v
    return out


def scale(a, c):
    return {key: c * v for key, v in a.items()}


def check(name, ok):
    print(("ok    " if ok else "WRONG ") + name)
    if not ok:
        sys.exit(1)


def series_checks():
    m = companion()
    dm = m.derivative()
    h = -(m.inverse())
    dh = h.derivative()
    mu = dh.derivative() * dh.inverse() * F(1, 2)
    one = Series({0: F(1)})

    compared = 0
    for x in EIGENVALUE:
        D = (m * x + 1).inverse()
        R = -(Z_INVERSE * D)
        Q = Z_INVERSE * (mu * D * D * x - dm * D * D * D * x * x)
        again = D.derivative() * m.inverse() - D.derivative().derivative() * dm.inverse() * F(1, 2)  # z Q
        assert all((Z * Q)[e] == again[e] for e in range(1, -6, -1)), x
        for k in range(1, 6):  # G = -sum_k S^k z^(-k-1)
            exact = wishart_moment([0] * (k - 1), x)
            assert -R[-k - 1] == exact.get(0, 0) and -Q[-k - 1] == exact.get(1, 0), (k, x)
            free = wishart_moment([0] * (k - 1), x, complex_data=True)
            assert free.get(0, 0) == exact.get(0, 0) and 1 not in free, (k, x)
            compared += 1
    check(f"E S^k, k = 1..5: orders 1 and 1/N are R and Q ({compared} moments); complex data has no 1/N term", True)

    H = divided_difference(h)
    q = h * (dh - one) + mu * h * h
    kappa = divided_difference(q)
    compared = 0
    for x in EIGENVALUE:
        D = (m * x + 1).inverse()
        lead = scale(outer(Z_INVERSE * D, Z_INVERSE * D), x)
        T0 = times(lead, H)
        shift = add(outer(mu * D, one), outer(one, mu * D))
        curve = add(outer(dm * D * D, one), outer(one, dm * D * D))
        brace = add(kappa, scale(times(H, shift), -x), scale(times(H, curve), x * x),
                    scale(divided_difference(dh * D), -x))
        T1 = times(lead, brace)
        for a in range(0, 5):
            for b in range(0, 5):
                if a + b == 0 or a + b > 5:
                    continue
                exact = sandwiched(a, b, x)
                at = (-a - 1, -b - 1)
                assert T0.get(at, 0) == exact.get(0, 0), (a, b, x, "T0")
                assert T1.get(at, 0) == exact.get(1, 0), (a, b, x, "T1")
                assert 1 not in sandwiched(a, b, x, True), (a, b)
                compared += 1
    check(f"E S^a Sigma S^b, a + b <= 5: orders 1 and 1/N are T0 and T1 ({compared} moments)", True)


def sandwiched(a, b, x, complex_data=False):
    """E[S^a Sigma S^b] at eigenvalue x"""
    if a == 0 or b == 0:
        k = a + b
        return {o: v * x for o, v in wishart_moment([0] * (k - 1), x, complex_data).items()}
    return wishart_moment([0] * (a - 1) + [1] + [0] * (b - 1), x, complex_data)


# ---------------------------------------------------------------------------------------------------------------
# Complex z, floating point.

def solve(z):
    m = -1 / z
    for _ in range(20000):
        m = 0.5 * m - 0.5 / (z - mean(lambda x: x / (1 + x * m)))
    for _ in range(5):
        f = -1 / m - z + mean(lambda x: x / (1 + x * m))
        m -= f / (1 / m**2 - mean(lambda x: (x / (1 + x * m))**2))
    return m


def closed_form_checks():
    def at(z):
        m = solve(z)
        dm = 1 / (1 / m**2 - mean(lambda x: (x / (1 + x * m))**2))
        mu = dm**2 / m * mean(lambda x: x**2 / (1 + x * m)**3)
        return z, m, dm, mu, -1 / m, dm / m**2

    worst = 0.0

    def compare(a, b):
        nonlocal worst
        worst = max(worst, abs(a - b) / max(abs(a), abs(b)))

    for z1, z2 in [(0.7 + 0.4j, -0.3 + 0.6j), (2 + 1j, 2.5 - 0.5j), (-1 + 0.1j, 0.2 - 0.3j)]:
        z1, m1, d1, u1, h1, s1 = at(z1)
        z2, m2, d2, u2, h2, s2 = at(z2)
        step = 1e-3  # h'' by a fourth-order difference
        second = (8 * (at(z1 + step)[5] - at(z1 - step)[5]) - at(z1 + 2 * step)[5] + at(z1 - 2 * step)[5]) / (12 * step)
        assert abs(second / (2 * s1) - u1) < 1e-6 * abs(u1)

        def Q(z, m, dm, mu, x):
            D = 1 / (1 + x * m)
            return (mu * x * D**2 - dm * x**2 * D**3) / z

        def q(z, h, s, mu):
            return h * (s - 1) + mu * h**2

        compare(mean(lambda x: Q(z1, m1, d1, u1, x)), u1)  # the trace closes: mu = <Q>
        compare(z1 * mean(lambda x: x * Q(z1, m1, d1, u1, x)), q(z1, h1, s1, u1))
        H = (h1 - h2) / (z1 - z2)
        dH = (s1 - H) / (z1 - z2)

        def parts(x):
            D1, D2 = 1 / (1 + x * m1), 1 / (1 + x * m2)
            T0 = H * x * D1 * D2 / (z1 * z2)
            X = dH / z2 * x * D1 * D2 - H / z2 * d1 * x**2 * D1**2 * D2
            Y = (z1 * T0 - z2 * s2 * x * D2**2 / z2**2) / (z1 - z2)
            return D1, D2, H * Q(z2, m2, d2, u2, x) + z1 * u1 * T0 + X + Y

        kappa = (q(z1, h1, s1, u1) - q(z2, h2, s2, u2)) / (z1 - z2)
        above = mean(lambda x: x * Q(z2, m2, d2, u2, x)) + z1 * mean(lambda x: -x * parts(x)[0] / z1 * parts(x)[2])
        below = 1 - z1 * mean(lambda x: x * parts(x)[0] * parts(x)[1] / (z1 * z2))
        compare(kappa, above / below)
        for x in EIGENVALUE:
            x = float(x)
            D1, D2, A = parts(x)
            derived = -x * D1 / z1 * (A - kappa * D2 / z2)
            closed = x * D1 * D2 / (z1 * z2) * (kappa - H * x * (u1 * D1 + u2 * D2)
                                                + H * x**2 * (d1 * D1**2 + d2 * D2**2)
                                                - x * (s1 * D1 - s2 * D2) / (z1 - z2))
            compare(derived, closed)
    check(f"mu = <Q> = h''/(2h'), q = z <lambda Q>, both forms of kappa and of T1: largest difference {worst:.1e}",
          worst < 1e-9)


def edge_checks():
    # Right edge of the support: the largest root u = 1/m < -lambda_1 of <lambda^2/(u + lambda)^2> = 1.
    low, high = -50.0, -2.0 - 1e-9
    for _ in range(200):
        u = 0.5 * (low + high)
        low, high = (u, high) if mean(lambda x: (x / (u + float(x)))**2) < 1 else (low, u)
    edge = -u + mean(lambda x: x * u / (u + x))
    values = []
    for distance in (1e-3, 1e-5):
        m = solve_real(edge, u, distance)
        dm = 1 / (1 / m**2 - mean(lambda x: (x / (1 + x * m))**2))
        values.append(-distance * dm**2 / m * mean(lambda x: x**2 / (1 + x * m)**3))
    check(f"mass of the correction at the right edge: {values[0]:.4f}, {values[1]:.5f} -> 1/4",
          abs(values[1] - 0.25) < 2e-3)


def solve_real(edge, u, distance):
    """m at z = edge + distance, on the branch m in (1/u, 0)."""
    low, high = 1 / u, -1e-9
    for _ in range(200):
        m = 0.5 * (low + high)
        z = -1 / m + mean(lambda x: x / (1 + x * m))
        low, high = (m, high) if z < edge + distance else (low, m)
    return m


def remainder_checks():
    """Two gradient steps involve S^3, S Sigma S^2 and S^2 Sigma S^2: what is left beyond 1/N, exactly."""
    def text(terms, order):
        return " + ".join(f"{n} x^{e}" + "".join(f" <l^{j}>" for j in loops)
                          for (o, e, loops), n in sorted(terms.items()) if o == order)

    one_step = wick([1])
    check(f"E S Sigma S: 1/N^0: {text(one_step, 0)}; 1/N: {text(one_step, 1)}; nothing beyond",
          all(order <= 1 for order, _, _ in one_step))
    for name, powers in [("E S^3", [0, 0]), ("E S Sigma S^2", [1, 0]), ("E S^2 Sigma S^2", [0, 1, 0])]:
        terms = wick(powers)
        for order in range(2, 1 + max(o for o, _, _ in terms)):
            print(f"      {name} at 1/N^{order}: {text(terms, order)}")


if __name__ == "__main__":
    series_checks()
    closed_form_checks()
    edge_checks()
    remainder_checks()
