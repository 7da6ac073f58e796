// Stochastic gradient descent for a linear classifier, on state that many functions
// share (HOGWILD!: each updates the weights without a lock).
#ifndef FAASM_SGD_H
#define FAASM_SGD_H

#include "faasm/core.h"
#include "faasm/matrix.h"
#include "faasm/state.h"

#define WEIGHTS_KEY "weights"
#define MASK_KEY "weights_mask"
#define INPUTS_KEY "inputs"
#define FEATURE_COUNTS_KEY "feature_counts"
#define OUTPUTS_KEY "outputs"
#define PARAMS_KEY "params"
#define ERRORS_KEY "errors"

#ifdef __cplusplus

namespace faasm {

struct SgdParams {
    int nBatches;
    int batchSize;
    int nWeights;
    int nTrain;
    float learningRate;
    float mu = 1.0;
    float learningDecay;
    int nEpochs;
    int syncInterval; // updates between pushes; negative for none
};

inline void writeParamsToState(const char *keyName, const SgdParams &params, bool push)
{
    faasmWriteState(keyName, detail::asBytes(&params), sizeof params);
    if (push) {
        faasmPushState(keyName);
    }
}

inline SgdParams readParamsFromState(const char *keyName, bool pull)
{
    SgdParams params{};
    if (pull) {
        faasmPullState(keyName, sizeof params);
    }
    faasmReadState(keyName, BYTES(&params), sizeof params);
    return params;
}

// Appends the error of a batch's predictions.
inline void writeHingeError(const SgdParams &, const MatrixXd &actual, const MatrixXd &prediction)
{
    double error = calculateHingeError(prediction, actual);
    faasmAppendState(ERRORS_KEY, BYTES(&error), sizeof error);
}

// Trains on the examples from startIdx up to, not including, endIdx, in random
// order, and appends the error that is left.
inline void hingeLossWeightUpdate(const SgdParams &sgdParams, int startIdx, int endIdx)
{
    Map<const SparseMatrix<double>> inputs = readSparseMatrixColumnsFromState(INPUTS_KEY, startIdx, endIdx, true);
    Map<const MatrixXd> outputs =
        readMatrixColumnsFromState(OUTPUTS_KEY, sgdParams.nTrain, startIdx, endIdx, 1, true);
    const int *featureCounts = reinterpret_cast<const int *>(
        faasmReadStatePtr(FEATURE_COUNTS_KEY, detail::sizeOf<int>(sgdParams.nWeights)));
    long weightsSize = detail::sizeOf<double>(sgdParams.nWeights);
    double *weights = reinterpret_cast<double *>(faasmReadStatePtr(WEIGHTS_KEY, weightsSize));
    unsigned int *mask = reinterpret_cast<unsigned int *>(faasmReadStatePtr(MASK_KEY, weightsSize));

    auto push = [&] {
        faasmFlagStateDirty(WEIGHTS_KEY, weightsSize);
        faasmPushStatePartialMask(WEIGHTS_KEY, MASK_KEY);
    };

    typedef Map<const SparseMatrix<double>>::InnerIterator NonZeros;
    int updates = 0;
    int *order = randomIntRange(static_cast<int>(inputs.cols()));
    for (int i = 0; i < inputs.cols(); i++) {
        int example = order[i];
        double actual = outputs.coeff(0, example);
        double prediction = 0;
        for (NonZeros it(inputs, example); it; ++it) {
            prediction += weights[it.row()] * it.value();
        }
        bool wrong = prediction * actual < 1;
        for (NonZeros it(inputs, example); it; ++it) {
            double &weight = weights[it.row()];
            if (wrong) {
                weight += it.value() * sgdParams.learningRate * actual;
            }
            // Features that many examples have decay more slowly.
            weight *= 1 - static_cast<double>(sgdParams.learningRate) * sgdParams.mu / featureCounts[it.row()];
            if (sgdParams.syncInterval < 0) {
                continue;
            }
            maskDouble(mask, static_cast<unsigned long>(it.row()));
            updates++;
            if (sgdParams.syncInterval > 0 && updates % sgdParams.syncInterval == 0) {
                push();
            }
        }
    }
    delete[] order;
    if (sgdParams.syncInterval >= 0) {
        push();
    }
    MatrixXd predictions = Map<const RowVectorXd>(weights, sgdParams.nWeights) * inputs;
    writeHingeError(sgdParams, outputs, predictions);
}

// Over the errors that nWorkers functions appended.
inline double readRootMeanSquaredError(int nWorkers, int nTraining)
{
    std::vector<double> errors(static_cast<size_t>(nWorkers));
    faasmReadAppendedState(ERRORS_KEY, BYTES(errors.data()), detail::sizeOf<double>(nWorkers), nWorkers);
    double total = 0;
    for (double error : errors) {
        total += error;
    }
    return std::sqrt(total / nTraining);
}

// Writes a problem that has a solution: random inputs, and outputs of random weights.
inline void setUpDummyProblem(const SgdParams &params)
{
    writeParamsToState(PARAMS_KEY, params, true);

    MatrixXd realWeights = randomDenseMatrix(1, params.nWeights);
    SparseMatrix<double> inputs = randomSparseMatrix(params.nWeights, params.nTrain, 0.5);
    MatrixXd outputs = realWeights * inputs;
    writeSparseMatrixToState(INPUTS_KEY, inputs, true);
    writeMatrixToState(OUTPUTS_KEY, outputs, true);
    writeMatrixToState(WEIGHTS_KEY, randomDenseMatrix(1, params.nWeights), true);

    std::vector<int> counts;
    for (int i = 0; i < params.nWeights; i++) {
        counts.push_back(randomInteger(1, 200));
    }
    faasmWriteState(FEATURE_COUNTS_KEY, BYTES(counts.data()), detail::sizeOf<int>(params.nWeights));
}

} // namespace faasm
#endif

#endif
