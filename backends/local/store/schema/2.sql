-- What MLflow keeps of experiments, runs, data sets and artifacts beyond schema 1.
SELECT 2;
