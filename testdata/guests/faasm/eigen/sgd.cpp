// Trains on a small problem and prints the error before and after. Needs Eigen.
// env: __faasm_append_state __faasm_clear_appended_state __faasm_flag_state_dirty __faasm_pull_state __faasm_push_state __faasm_push_state_partial_mask __faasm_read_appended_state __faasm_read_state __faasm_read_state_offset_ptr __faasm_read_state_ptr __faasm_write_state
#include <faasm/sgd.h>

#include <cstdio>

static double epoch(const faasm::SgdParams &params)
{
    faasmClearAppendedState(ERRORS_KEY);
    for (int b = 0; b < params.nBatches; b++) {
        faasm::hingeLossWeightUpdate(params, b * params.batchSize, (b + 1) * params.batchSize);
    }
    return faasm::readRootMeanSquaredError(params.nBatches, params.nTrain);
}

int main()
{
    faasm::SgdParams params{};
    params.nBatches = 4;
    params.batchSize = 25;
    params.nWeights = 8;
    params.nTrain = 100;
    params.learningRate = 0.05f;
    params.syncInterval = 10;
    faasm::setUpDummyProblem(params);
    params = faasm::readParamsFromState(PARAMS_KEY, true);

    double first = epoch(params), last = first;
    for (int i = 0; i < 30; i++) {
        last = epoch(params);
    }
    printf("%f %f\n", first, last);
    return params.nTrain == 100 && last < first ? 0 : 1;
}
