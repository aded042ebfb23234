-- Logged models, and what MLflow keeps of registered models beyond schema 1.
SELECT 3;
