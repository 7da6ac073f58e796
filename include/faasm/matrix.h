// Matrices in state, dense and sparse. Needs Eigen 3, found as <eigen3/Eigen/Core>
// or <Eigen/Core>; its headers must be searched after the C library's.
//
// A dense matrix is its doubles, column by column. A sparse one, compressed, is
// five values: KEY_vals (the non-zeros), KEY_innr (their rows), KEY_outr (where
// each column starts, and the end), KEY_nonz (non-zeros in each column) and
// KEY_size (a SparseSizes).
#ifndef FAASM_MATRIX_H
#define FAASM_MATRIX_H

#include "faasm/core.h"
#include "faasm/random.h"

#ifdef __cplusplus

#if __has_include(<eigen3/Eigen/Core>)
#include <eigen3/Eigen/Core>
#include <eigen3/Eigen/SparseCore>
#elif __has_include(<Eigen/Core>)
#include <Eigen/Core>
#include <Eigen/SparseCore>
#else
#error "faasm/matrix.h needs Eigen 3: install libeigen3-dev, or name its place with -idirafter DIR"
#endif

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

using namespace Eigen;

namespace faasm {

struct SparseSizes {
    int cols;
    int rows;
    int nNonZeros;

    // In bytes.
    int valuesLen;
    int innerLen;
    int outerLen;
    int nonZeroLen;
};

// From new[]; never freed by this library.
struct SparseKeys {
    char *valueKey;
    char *innerKey;
    char *outerKey;
    char *sizeKey;
    char *nonZeroKey;
};

namespace detail {

inline char *keyWithSuffix(const char *key, const char *suffix)
{
    size_t size = strlen(key) + strlen(suffix) + 1;
    char *result = new char[size];
    snprintf(result, size, "%s%s", key, suffix);
    return result;
}

template <typename T> const uint8_t *asBytes(const T *data) { return reinterpret_cast<const uint8_t *>(data); }

template <typename T> long sizeOf(long count) { return count * static_cast<long>(sizeof(T)); }

} // namespace detail

inline SparseKeys getSparseKeys(const char *key)
{
    return {detail::keyWithSuffix(key, "_vals"), detail::keyWithSuffix(key, "_innr"),
            detail::keyWithSuffix(key, "_outr"), detail::keyWithSuffix(key, "_size"),
            detail::keyWithSuffix(key, "_nonz")};
}

// Views a compressed sparse matrix as the bytes of its values. The matrix must
// outlive it and be compressed, else the function ends.
class SparseMatrixSerialiser
{
  public:
    explicit SparseMatrixSerialiser(const SparseMatrix<double> &matIn) : mat(matIn)
    {
        if (!mat.isCompressed()) {
            fprintf(stderr, "a sparse matrix must be compressed to be serialised: call makeCompressed first\n");
            abort();
        }
        const int *starts = mat.outerIndexPtr();
        for (Index i = 0; i < mat.outerSize(); i++) {
            nonZeroCounts.push_back(starts[i + 1] - starts[i]);
        }
        valueBytes = detail::asBytes(mat.valuePtr());
        nValueBytes = static_cast<size_t>(mat.nonZeros()) * sizeof(double);
        innerBytes = detail::asBytes(mat.innerIndexPtr());
        nInnerBytes = static_cast<size_t>(mat.nonZeros()) * sizeof(int);
        outerBytes = detail::asBytes(starts);
        nOuterBytes = (static_cast<size_t>(mat.outerSize()) + 1) * sizeof(int);
        nonZeroBytes = detail::asBytes(nonZeroCounts.data());
        nNonZeroBytes = nonZeroCounts.size() * sizeof(int);

        sizes.cols = static_cast<int>(mat.cols());
        sizes.rows = static_cast<int>(mat.rows());
        sizes.nNonZeros = static_cast<int>(mat.nonZeros());
        sizes.valuesLen = static_cast<int>(nValueBytes);
        sizes.innerLen = static_cast<int>(nInnerBytes);
        sizes.outerLen = static_cast<int>(nOuterBytes);
        sizes.nonZeroLen = static_cast<int>(nNonZeroBytes);
        sizeBytes = detail::asBytes(&sizes);
        nSizeBytes = sizeof sizes;
    }

    SparseMatrixSerialiser(const SparseMatrixSerialiser &) = delete;
    SparseMatrixSerialiser &operator=(const SparseMatrixSerialiser &) = delete;

    void writeToState(const char *key, bool push)
    {
        SparseKeys keys = getSparseKeys(key);
        write(keys.valueKey, valueBytes, nValueBytes, push);
        write(keys.innerKey, innerBytes, nInnerBytes, push);
        write(keys.outerKey, outerBytes, nOuterBytes, push);
        write(keys.nonZeroKey, nonZeroBytes, nNonZeroBytes, push);
        write(keys.sizeKey, sizeBytes, nSizeBytes, push);
    }

    // Views bytes as a matrix, without a copy.
    static Map<const SparseMatrix<double>> readFromBytes(const SparseSizes &sizes, uint8_t *outerBytes,
                                                         uint8_t *innerBytes, uint8_t *valuesBytes)
    {
        return Map<const SparseMatrix<double>>(sizes.rows, sizes.cols, sizes.nNonZeros,
                                               reinterpret_cast<int *>(outerBytes),
                                               reinterpret_cast<int *>(innerBytes),
                                               reinterpret_cast<double *>(valuesBytes));
    }

    const SparseMatrix<double> &mat;

    const uint8_t *valueBytes;
    size_t nValueBytes;

    const uint8_t *innerBytes;
    size_t nInnerBytes;

    const uint8_t *outerBytes;
    size_t nOuterBytes;

    const uint8_t *nonZeroBytes;
    size_t nNonZeroBytes;

    const uint8_t *sizeBytes;
    size_t nSizeBytes;

  private:
    static void write(const char *key, const uint8_t *data, size_t size, bool push)
    {
        faasmWriteState(key, data, static_cast<long>(size));
        if (push) {
            faasmPushState(key);
        }
    }

    std::vector<int> nonZeroCounts;
    SparseSizes sizes{};
};

inline void writeSparseMatrixToState(const char *key, const SparseMatrix<double> &mat, bool push)
{
    SparseMatrixSerialiser(mat).writeToState(key, push);
}

namespace detail {

inline SparseSizes readSparseSizes(const SparseKeys &keys, bool pull)
{
    SparseSizes sizes{};
    if (pull) {
        faasmPullState(keys.sizeKey, sizeof sizes);
    }
    faasmReadState(keys.sizeKey, BYTES(&sizes), sizeof sizes);
    if (sizes.cols == 0 || sizes.rows == 0) {
        fprintf(stderr, "the sparse matrix at %s is %i by %i\n", keys.sizeKey, sizes.rows, sizes.cols);
        exit(1);
    }
    return sizes;
}

// From new[].
inline uint8_t *readBytes(const char *key, long size, bool pull)
{
    if (pull) {
        faasmPullState(key, size);
    }
    uint8_t *data = new uint8_t[static_cast<size_t>(size)];
    faasmReadState(key, data, size);
    return data;
}

} // namespace detail

inline Map<const SparseMatrix<double>> readSparseMatrixFromState(const char *key, bool pull)
{
    SparseKeys keys = getSparseKeys(key);
    SparseSizes sizes = detail::readSparseSizes(keys, pull);
    uint8_t *outer = detail::readBytes(keys.outerKey, sizes.outerLen, pull);
    uint8_t *inner = detail::readBytes(keys.innerKey, sizes.innerLen, pull);
    uint8_t *values = detail::readBytes(keys.valueKey, sizes.valuesLen, pull);
    return SparseMatrixSerialiser::readFromBytes(sizes, outer, inner, values);
}

// The columns from colStart up to, not including, colEnd.
inline Map<const SparseMatrix<double>> readSparseMatrixColumnsFromState(const char *key, long colStart, long colEnd,
                                                                        bool lazyPullFullValue)
{
    SparseKeys keys = getSparseKeys(key);
    SparseSizes sizes = detail::readSparseSizes(keys, false);
    if (lazyPullFullValue) {
        faasmReadStatePtr(keys.innerKey, sizes.innerLen);
        faasmReadStatePtr(keys.outerKey, sizes.outerLen);
        faasmReadStatePtr(keys.valueKey, sizes.valuesLen);
    }
    long nCols = colEnd - colStart;
    const int *starts = reinterpret_cast<const int *>(faasmReadStateOffsetPtr(
        keys.outerKey, sizes.outerLen, detail::sizeOf<int>(colStart), detail::sizeOf<int>(nCols + 1)));
    int first = starts[0];
    int count = starts[nCols] - first;
    if (count == 0) {
        fprintf(stderr, "columns %li to %li of %s have no values\n", colStart, colEnd, key);
        exit(1);
    }
    // The state is shared: what counts from this part's start needs a place of its own.
    int *rebased = new int[static_cast<size_t>(nCols) + 1];
    for (long i = 0; i <= nCols; i++) {
        rebased[i] = starts[i] - first;
    }
    uint8_t *values = faasmReadStateOffsetPtr(keys.valueKey, sizes.valuesLen, detail::sizeOf<double>(first),
                                              detail::sizeOf<double>(count));
    uint8_t *inner = faasmReadStateOffsetPtr(keys.innerKey, sizes.innerLen, detail::sizeOf<int>(first),
                                             detail::sizeOf<int>(count));
    SparseSizes part = sizes;
    part.cols = static_cast<int>(nCols);
    part.nNonZeros = count;
    return SparseMatrixSerialiser::readFromBytes(part, BYTES(rebased), inner, values);
}

// In bytes.
inline size_t getMatrixStateSize(const MatrixXd &matrix)
{
    return static_cast<size_t>(matrix.size()) * sizeof(double);
}

inline void writeMatrixToState(const char *key, const MatrixXd &matrix, bool push)
{
    faasmWriteState(key, detail::asBytes(matrix.data()), static_cast<long>(getMatrixStateSize(matrix)));
    if (push) {
        faasmPushState(key);
    }
}

inline void readMatrixFromState(const char *key, double *buffer, long rows, long cols, bool pull)
{
    long size = detail::sizeOf<double>(rows * cols);
    if (pull) {
        faasmPullState(key, size);
    }
    faasmReadState(key, BYTES(buffer), size);
}

inline Map<const MatrixXd> readMatrixFromState(const char *key, long rows, long cols, bool pull)
{
    double *buffer = new double[static_cast<size_t>(rows * cols)];
    readMatrixFromState(key, buffer, rows, cols, pull);
    return Map<const MatrixXd>(buffer, rows, cols);
}

// The bytes before an element.
inline long getChunkSizeUpToMatrixElement(long row, long col, long totalRows)
{
    return detail::sizeOf<double>(col * totalRows + row);
}

// The columns from colStart up to, not including, colEnd.
inline Map<const MatrixXd> readMatrixColumnsFromState(const char *key, long totalCols, long colStart, long colEnd,
                                                      long totalRows, bool lazyPullFullValue)
{
    long total = getChunkSizeUpToMatrixElement(0, totalCols, totalRows);
    if (lazyPullFullValue) {
        faasmPullState(key, total);
    }
    long start = getChunkSizeUpToMatrixElement(0, colStart, totalRows);
    long end = getChunkSizeUpToMatrixElement(0, colEnd, totalRows);
    uint8_t *columns = faasmReadStateOffsetPtr(key, total, start, end - start);
    return Map<const MatrixXd>(reinterpret_cast<double *>(columns), totalRows, colEnd - colStart);
}

// From -1 to 1.
inline MatrixXd randomDenseMatrix(int rows, int cols) { return MatrixXd::Random(rows, cols); }

inline MatrixXd zeroMatrix(int rows, int cols) { return MatrixXd::Zero(rows, cols); }

// Each element is present with the probability threshold, and then below it.
inline SparseMatrix<double> randomSparseMatrix(int rows, int cols, double threshold)
{
    std::uniform_real_distribution<double> fraction(0.0, 1.0);
    std::vector<Triplet<double>> present;
    for (int row = 0; row < rows; row++) {
        for (int col = 0; col < cols; col++) {
            double value = fraction(detail::rng());
            if (value < threshold) {
                present.emplace_back(row, col, value);
            }
        }
    }
    SparseMatrix<double> mat(rows, cols);
    mat.setFromTriplets(present.begin(), present.end());
    return mat;
}

// Shuffles the columns of both alike.
inline void shufflePairedMatrixColumns(MatrixXd &a, MatrixXd &b)
{
    for (int i = static_cast<int>(a.cols()) - 1; i > 0; i--) {
        int other = randomInteger(0, i);
        a.col(i).swap(a.col(other));
        b.col(i).swap(b.col(other));
    }
}

inline void shuffleMatrixColumns(MatrixXd &matrix)
{
    MatrixXd none(0, matrix.cols());
    shufflePairedMatrixColumns(matrix, none);
}

inline double calculateSquaredError(const MatrixXd &prediction, const MatrixXd &b)
{
    return (prediction - b).squaredNorm();
}

// Of classes -1 and 1: 0 for what is right by a margin. A row of predictions
// against a row, or a column, of classes.
inline double calculateHingeError(const MatrixXd &a, const MatrixXd &b)
{
    double total = 0;
    for (Index i = 0; i < a.size(); i++) {
        total += std::fmax(1 - a.data()[i] * b.data()[i], 0);
    }
    return total;
}

inline double calculateRootMeanSquaredError(const MatrixXd &a, const MatrixXd &b)
{
    return std::sqrt(calculateSquaredError(a, b) / static_cast<double>(a.size()));
}

} // namespace faasm
#endif

#endif
