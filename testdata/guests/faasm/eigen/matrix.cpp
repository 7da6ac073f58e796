// Matrices in state: whole, by columns, dense and sparse. Needs Eigen.
// env: __faasm_write_state __faasm_read_state __faasm_read_state_ptr __faasm_read_state_offset_ptr __faasm_push_state __faasm_pull_state
#include <faasm/matrix.h>

int main()
{
    MatrixXd dense(2, 3);
    dense << 1, 2, 3, 4, 5, 6;
    faasm::writeMatrixToState("dense", dense, true);
    if (faasm::readMatrixFromState("dense", 2, 3, true) != dense) {
        return 1;
    }
    if (faasm::readMatrixColumnsFromState("dense", 3, 1, 3, 2, true) != dense.rightCols(2)) {
        return 2;
    }

    SparseMatrix<double> sparse(4, 5);
    sparse.insert(0, 1) = 1.5;
    sparse.insert(3, 1) = 2.5;
    sparse.insert(2, 4) = 3.5;
    sparse.makeCompressed();
    faasm::writeSparseMatrixToState("sparse", sparse, true);
    if (MatrixXd(faasm::readSparseMatrixFromState("sparse", true)) != MatrixXd(sparse)) {
        return 3;
    }
    MatrixXd part = faasm::readSparseMatrixColumnsFromState("sparse", 2, 5, true);
    if (part != MatrixXd(sparse).rightCols(3)) {
        return 4;
    }

    MatrixXd a = faasm::randomDenseMatrix(2, 50), b = a, before = a;
    faasm::shufflePairedMatrixColumns(a, b);
    bool kept = a == b && a != before && std::fabs(a.sum() - before.sum()) < 1e-9;
    MatrixXd right(1, 2), wrong(1, 2);
    right << 1, -1;
    wrong << -1, -1;
    bool errors = faasm::calculateHingeError(right, right) == 0 && faasm::calculateHingeError(wrong, right) == 2 &&
                  faasm::calculateSquaredError(wrong, right) == 4 &&
                  std::fabs(faasm::calculateRootMeanSquaredError(wrong, right) - std::sqrt(2)) < 1e-12;
    return kept && errors && faasm::zeroMatrix(2, 2).isZero() ? 0 : 5;
}
