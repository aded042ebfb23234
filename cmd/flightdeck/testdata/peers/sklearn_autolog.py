"""scikit-learn, with nothing said about tracking but mlflow.autolog()."""

import mlflow
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, train_test_split

import readback

mlflow.set_experiment("autolog")
mlflow.autolog()

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X / 16, y, random_state=7)

with mlflow.start_run(run_name="logistic") as plain:
    model = LogisticRegression(C=0.5, max_iter=200).fit(X_train, y_train)
    accuracy = model.score(X_test, y_test)

search = GridSearchCV(LogisticRegression(max_iter=100), {"C": [0.1, 1.0]}, cv=2)
search.fit(X_train, y_train)  # makes a run of its own, with a nested one for each candidate

client = mlflow.MlflowClient()
runs = client.search_runs([plain.info.experiment_id], order_by=["attributes.start_time ASC"])
readback.report([r.info.run_id for r in runs], accuracy=accuracy, best=search.best_params_["C"])
