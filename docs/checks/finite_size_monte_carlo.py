"""Simulates the exact identities (A), (B) of docs/finite-size.md and the orders of what is neglected.

Needs python3-numpy; about a minute: python3 docs/checks/finite_size_monte_carlo.py
"""
import numpy as np

POPULATION = np.array([2.0, 1.0, 1.0, 0.4])


def draw(rng, eigenvalues, samples, count):
    """count sample covariances S = YY'/N"""
    y = np.sqrt(eigenvalues)[None, :, None] * rng.standard_normal((count, len(eigenvalues), samples))
    return y @ y.transpose(0, 2, 1) / samples


def trace(a):
    return np.trace(a, axis1=1, axis2=2)[:, None, None]


def identities(draws=60000, n=6, z1=-0.7 + 0.5j, z2=0.3 - 0.6j):
    s = draw(np.random.default_rng(1), POPULATION, n, draws)
    p, sigma, one = len(POPULATION), np.diag(POPULATION), np.eye(len(POPULATION))
    g1, g2 = np.linalg.inv(s - z1 * one), np.linalg.inv(s - z2 * one)
    k = g1 @ sigma @ g2
    mh = trace(g1) / n - (1 - p / n) / z1
    t = trace(s @ k) / n
    sides = {
        "A": (one + z1 * g1 + z1 * mh * (sigma @ g1), sigma @ g1 @ s @ g1 / n),
        "B": (sigma @ g2 + z1 * k + z1 * mh * (sigma @ k) + t * (sigma @ g2),
              sigma @ (g1 @ s @ k + g2 @ sigma @ g1 @ s @ g2) / n),
    }
    for name, (left, real) in sides.items():
        total = left + real
        mean, error = total.mean(0), total.std(0) / np.sqrt(draws)
        print(f"({name}): largest entry of the mean {abs(mean).max():.4f}, "
              f"in standard errors {(abs(mean) / error).max():.1f}; without the terms of real data {abs(left.mean(0)).max():.4f}")


def orders(z=-0.3):
    rng = np.random.default_rng(2)
    print("   N  N (E mh - m)       mu     N^2 Cov(mh, G_11)  N^2 Var mh")
    for repeat in (1, 2, 4, 8):
        eigenvalues, n = np.repeat(POPULATION, repeat), 6 * repeat
        m = 1.0
        for _ in range(500):
            m = 1 / (-z + (eigenvalues / (1 + eigenvalues * m)).sum() / n)
        slope = 1 / (1 / m**2 - (eigenvalues**2 / (1 + eigenvalues * m)**2).sum() / n)
        mu = slope**2 / m * (eigenvalues**2 / (1 + eigenvalues * m)**3).sum() / n
        mh, corner = [], []
        for _ in range(200 // repeat):
            g = np.linalg.inv(draw(rng, eigenvalues, n, 2000) - z * np.eye(len(eigenvalues)))
            mh.append(trace(g)[:, 0, 0] / n - (1 - len(eigenvalues) / n) / z)
            corner.append(g[:, 0, 0])
        mh, corner = np.concatenate(mh), np.concatenate(corner)
        print(f"{n:4d}  {n * (mh.mean() - m):.4f} +- {n * mh.std() / len(mh)**0.5:.4f}  {mu:.4f}  "
              f"{n * n * np.cov(mh, corner)[0, 1]:.4f}             {n * n * mh.var():.4f}")


if __name__ == "__main__":
    identities()
    orders()
